"""What happened between two files of the same content makes the second one a load."""

from collections.abc import Callable

import pytest

from functions.pipeline.plan.handler import handle as plan
from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.repeated_files import HIRED, ROWS, departments, load, states
from tests.integration.path.steps import land, pull_next, settle
from tests.postgres.databases import Connection

Change = Callable[[Connection, Cloud], None]


def _sql(statement: str) -> Change:
    return lambda admin, _: (admin.execute(statement.encode()), None)[1]


_HIRED_CHANGES = {
    "deleted": _sql("DELETE FROM hired_employees WHERE id = 1"),
    "updated": _sql("UPDATE hired_employees SET name = 'Cy' WHERE id = 1"),
    "truncated": _sql("TRUNCATE hired_employees"),
    "partition truncated": _sql("TRUNCATE hired_employees_2021"),
    "partition detached": _sql("ALTER TABLE hired_employees DETACH PARTITION hired_employees_2021"),
    "unwatched": _sql("ALTER TABLE hired_employees DISABLE TRIGGER _waybill_changes"),
}


def test_rows_that_somebody_else_changed_are_loaded_again(admin: Connection, cloud: Cloud) -> None:
    load(cloud, HIRED, second=0, dataset="hired_employees")
    for second, (change, make) in enumerate(_HIRED_CHANGES.items(), 1):
        make(admin, cloud)
        load(cloud, HIRED, second=second, dataset="hired_employees")
        assert states(admin, "hired_employees")[-1] == "COMPLETED", change
        rows = admin.execute("SELECT id, name FROM hired_employees ORDER BY id").fetchall()
        assert rows == [(1, "Ada"), (2, "Bo")], change
    # Once all is noticed again, the next load is one that can be repeated.
    admin.execute("ALTER TABLE hired_employees ENABLE TRIGGER _waybill_changes")
    for second in (10, 11):
        load(cloud, HIRED, second=second, dataset="hired_employees")
    assert states(admin, "hired_employees")[-2:] == ["COMPLETED", "DUPLICATE"]


def _other_file(_: Connection, cloud: Cloud) -> None:
    load(cloud, b"id,department\n1,Other\n", second=2)


def _unchanged_file(_: Connection, cloud: Cloud) -> None:
    load(cloud, b"id,department\n1,Sales\n", second=2)


def _other_contract(admin: Connection, _: Cloud) -> None:
    admin.execute(
        "SELECT waybill.register_dataset('departments', transformation => '{\"upper\": [\"*\"]}')"
    )


def _trigger(admin: Connection, _: Cloud) -> None:
    admin.execute(
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER nothing BEFORE UPDATE ON departments"
        " FOR EACH ROW EXECUTE FUNCTION nothing()"
    )


_CHANGES = {
    "other file": _other_file,
    "unchanged file": _unchanged_file,
    "other contract": _other_contract,
    "trigger": _trigger,
    "erased": _sql("INSERT INTO waybill.erasures VALUES ('departments', '\\x00', '2027-01-01')"),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_what_happened_between_the_two_makes_it_a_load(
    admin: Connection, cloud: Cloud, change: Change
) -> None:
    load(cloud, second=1)
    change(admin, cloud)
    load(cloud, second=3)
    assert "DUPLICATE" not in states(admin)
    expected = [(1, "SALES"), (2, "LEGAL")] if change is _other_contract else ROWS
    assert departments(admin) == expected


def test_a_file_that_lands_between_the_two_and_comes_late_changes_nothing(
    admin: Connection, cloud: Cloud
) -> None:
    load(cloud, second=1)
    load(cloud, second=9)
    load(cloud, b"id,department\n1,Late\n3,New\n", second=5)
    assert states(admin) == ["COMPLETED_WITH_REJECTS", "COMPLETED", "DUPLICATE"]
    assert departments(admin) == [*ROWS, (3, "New")]
    # A file that lands behind the duplicate still counts.
    load(cloud, b"id,department\n1,Last\n", second=10)
    assert departments(admin)[0] == (1, "Last")


def test_the_content_of_a_late_file_is_loaded_behind_what_landed_after_it(
    admin: Connection, cloud: Cloud
) -> None:
    late = b"id,department\n1,Late\n3,New\n"
    load(cloud, second=9)
    load(cloud, late, second=5)
    assert departments(admin) == [*ROWS, (3, "New")]
    load(cloud, late, second=11)
    assert "DUPLICATE" not in states(admin)
    assert departments(admin) == [(1, "Late"), (2, "Legal"), (3, "New")]


def test_the_same_content_with_the_rules_of_a_source_is_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    load(cloud, second=1)
    pull_next(admin, "departments", {"upper": ["department"]}, "f2.csv")
    load(cloud, second=2)
    assert departments(admin) == [(1, "SALES"), (2, "LEGAL")]


def test_a_replay_of_the_first_file_does_not_count_after_the_duplicate(
    admin: Connection, cloud: Cloud
) -> None:
    load(cloud, second=1)
    load(cloud, second=9)
    ((first, order),) = admin.execute(
        "SELECT job_id, landing_order FROM waybill.ingestion_jobs WHERE duplicate_of IS NULL"
    ).fetchall()
    land(cloud, "departments", "replay.csv", b"id,department\n2,Corrected\n4,More\n", second=11)
    plan({"Records": cloud.take("landed")}, Context())
    admin.execute(
        "UPDATE waybill.ingestion_jobs SET effective_order = %s, parent_job_id = %s,"
        " kind = 'replay' WHERE filename = 'replay.csv'",
        (order + 1, first),
    )
    settle(cloud)
    assert departments(admin) == [*ROWS, (4, "More")]
