"""A file that is merged while a deployment replaces routines is loaded when they are back."""

import pytest

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land, settle
from tests.integration.path.test_permanent_faults import ends
from tests.postgres.databases import Connection

# What a deployment does first, and last.
GAPS = {
    "a routine is dropped": (
        "ALTER FUNCTION waybill.finish_merge RENAME TO replaced",
        "ALTER FUNCTION waybill.replaced RENAME TO finish_merge",
    ),
    "a routine that is called directly is dropped": (
        "ALTER FUNCTION waybill.merge_job RENAME TO replaced",
        "ALTER FUNCTION waybill.replaced RENAME TO merge_job",
    ),
    "a routine is created and not granted yet": (
        "REVOKE EXECUTE ON FUNCTION waybill.merge_job FROM waybill_merge",
        "GRANT EXECUTE ON FUNCTION waybill.merge_job TO waybill_merge",
    ),
    "a table is replaced": (
        "ALTER TABLE waybill.chunks RENAME TO replaced",
        "ALTER TABLE waybill.replaced RENAME TO chunks",
    ),
    "a column is replaced": (
        "ALTER TABLE waybill.row_images RENAME COLUMN landed TO replaced;"
        " ALTER TABLE waybill.chunks RENAME COLUMN done TO replaced",
        "ALTER TABLE waybill.row_images RENAME COLUMN replaced TO landed;"
        " ALTER TABLE waybill.chunks RENAME COLUMN replaced TO done",
    ),
}


def merge_once(cloud: Cloud) -> None:
    for record in cloud.take("merges"):
        FUNCTIONS["merges"]({"Records": [record]}, Context())


@pytest.mark.parametrize("gap", GAPS)
def test_a_merge_in_the_middle_of_a_deployment_is_tried_again(
    admin: Connection, cloud: Cloud, gap: str
) -> None:
    begin, end = GAPS[gap]
    land(cloud, "departments", "a.csv", b"1,Sales\n", second=1)
    for name in ("landed", "chunks"):
        (record,) = cloud.take(name)
        FUNCTIONS[name]({"Records": [record]}, Context())
    admin.execute(begin.encode())
    for _ in range(5):
        merge_once(cloud)
    assert cloud.waiting("merges") == 1
    admin.execute(end.encode())
    settle(cloud)
    assert ends(admin) == {"a.csv": "COMPLETED"}
    assert admin.execute("SELECT id, department FROM departments").fetchall() == [(1, "Sales")]


def test_what_stays_missing_fails_the_job_with_the_reason(admin: Connection, cloud: Cloud) -> None:
    admin.execute("ALTER FUNCTION waybill.write_rows RENAME TO replaced")
    land(cloud, "departments", "a.csv", b"1,Sales\n", second=1)
    settle(cloud)
    assert ends(admin) == {"a.csv": "database-changing"}
    ((attempts,),) = admin.execute(
        "SELECT count(*) FROM waybill.job_runs WHERE step = 'merge' AND outcome = 'retry'"
    ).fetchall()
    assert attempts == 10


# Functions of the table whose names PostgreSQL reports without their schema.
LACKING = {
    "with the path of the merge": "LANGUAGE plpgsql AS"
    " $$ BEGIN PERFORM public.nowhere(); RETURN NEW; END $$",
    "with a path of its own": "LANGUAGE plpgsql SET search_path = public AS"
    " $$ BEGIN PERFORM nowhere(); RETURN NEW; END $$",
    "in a function in SQL": "LANGUAGE plpgsql AS"
    " $$ BEGIN PERFORM public.in_sql(); RETURN NEW; END $$",
}


@pytest.mark.parametrize("function", LACKING)
def test_what_a_trigger_lacks_is_not_waited_for(
    admin: Connection, cloud: Cloud, function: str
) -> None:
    admin.execute(
        "CREATE FUNCTION public.nowhere() RETURNS integer LANGUAGE sql RETURN 1;"
        "CREATE FUNCTION public.in_sql() RETURNS bigint LANGUAGE sql VOLATILE SET jit = off AS"
        " 'SELECT public.nowhere()';"
        f"CREATE FUNCTION public.fault() RETURNS trigger {LACKING[function]};"
        "DROP FUNCTION public.nowhere;"
        "CREATE TRIGGER fault BEFORE INSERT ON departments FOR EACH ROW"
        " EXECUTE FUNCTION public.fault()".encode()
    )
    land(cloud, "departments", "a.csv", b"1,Sales\n", second=1)
    settle(cloud)
    assert ends(admin) == {"a.csv": "data-refused"}
    query = "SELECT outcome FROM waybill.job_runs WHERE step = 'merge'"
    assert admin.execute(query).fetchall() == [("ok",)]
