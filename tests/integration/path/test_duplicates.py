"""A file with the content of the one before it is not loaded again, unless that could matter."""

import gzip
from collections.abc import Callable

import pytest

from functions.pipeline.plan.handler import handle as plan
from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection

Change = Callable[[Connection, Cloud], None]
BODY = b"id,department\n1,Sales\n2,Legal\nx,None\n"
ROWS = [(1, "Sales"), (2, "Legal")]
HIRED = (
    b"id,name,hire_dt,department_id,job_id\n"
    b"1,Ada,2021-01-01T00:00:00Z,,\n2,Bo,2022-01-01T00:00:00Z,,\n"
)


def _states(admin: Connection, dataset: str = "departments") -> list[str]:
    found = admin.execute(
        "SELECT state FROM waybill.ingestion_jobs WHERE dataset = %s AND kind <> 'batch'"
        " ORDER BY landing_order",
        (dataset,),
    )
    return [state for (state,) in found]


def _load(cloud: Cloud, body: bytes = BODY, *, second: int, dataset: str = "departments") -> None:
    land(cloud, dataset, f"f{second}.csv", body, second=second)
    settle(cloud)


def _departments(admin: Connection) -> list[tuple[object, ...]]:
    return admin.execute("SELECT id, department FROM departments ORDER BY id").fetchall()


@pytest.mark.parametrize("packed", [False, True])
def test_the_same_content_again_is_a_duplicate_and_writes_nothing(
    admin: Connection, cloud: Cloud, packed: bool
) -> None:
    body = gzip.compress(BODY, mtime=0) if packed else BODY
    _load(cloud, body, second=1)
    written = admin.execute("SELECT xmin, * FROM departments").fetchall()
    for second in (2, 3):
        land(cloud, "departments", f"f{second}.csv", body, second=second)
        settle(cloud)
    assert _states(admin) == ["COMPLETED_WITH_REJECTS", "DUPLICATE", "DUPLICATE"]
    assert admin.execute("SELECT xmin, * FROM departments").fetchall() == written
    jobs = admin.execute(
        "SELECT j.duplicate_of = f.job_id, j.read, j.unchanged, j.rejected,"
        " j.sha256 = f.sha256, j.layout = f.layout"
        " FROM waybill.ingestion_jobs AS j, waybill.ingestion_jobs AS f"
        " WHERE j.state = 'DUPLICATE' AND f.state <> 'DUPLICATE'"
    ).fetchall()
    assert jobs == [(True, 3, 2, 1, True, True)] * 2
    # Its end is published like that of every job, and nothing of it was staged.
    assert admin.execute(
        "SELECT payload ->> 'state' FROM waybill.outbox WHERE published_at IS NOT NULL ORDER BY id"
    ).fetchall() == [(state,) for state in _states(admin)]
    staged = admin.execute(
        "SELECT DISTINCT step FROM waybill.job_runs AS r, waybill.ingestion_jobs"
        " AS j WHERE j.job_id = r.job_id AND j.state = 'DUPLICATE'"
    ).fetchall()
    assert {step for (step,) in staged} == {"plan", "merge"}


def test_a_file_that_lands_between_the_two_and_comes_late_changes_nothing(
    admin: Connection, cloud: Cloud
) -> None:
    _load(cloud, second=1)
    _load(cloud, second=9)
    _load(cloud, b"id,department\n1,Late\n3,New\n", second=5)
    assert _states(admin) == ["COMPLETED_WITH_REJECTS", "COMPLETED", "DUPLICATE"]
    assert _departments(admin) == [*ROWS, (3, "New")]
    # A file that lands behind the duplicate still counts.
    _load(cloud, b"id,department\n1,Last\n", second=10)
    assert _departments(admin)[0] == (1, "Last")


def test_the_content_of_a_late_file_is_loaded_behind_what_landed_after_it(
    admin: Connection, cloud: Cloud
) -> None:
    late = b"id,department\n1,Late\n3,New\n"
    _load(cloud, second=9)
    _load(cloud, late, second=5)
    assert _departments(admin) == [*ROWS, (3, "New")]
    _load(cloud, late, second=11)
    assert "DUPLICATE" not in _states(admin)
    assert _departments(admin) == [(1, "Late"), (2, "Legal"), (3, "New")]


def test_the_same_content_with_the_rules_of_a_source_is_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    _load(cloud, second=1)
    admin.execute(
        "INSERT INTO waybill.data_sources (name, kind, connection, dataset, transformation)"
        " VALUES ('office', 's3', '{}', 'departments', '{\"upper\": [\"department\"]}')"
    )
    # The run is recorded before its file is planned, as the extractor does.
    admin.execute(
        "CREATE FUNCTION record_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO waybill.source_runs (job_id, source_id)"
        " SELECT new.job_id, source_id FROM waybill.data_sources; RETURN new; END $$;"
        "CREATE TRIGGER record_run AFTER INSERT ON waybill.ingestion_jobs"
        " FOR EACH ROW EXECUTE FUNCTION record_run()"
    )
    _load(cloud, second=2)
    assert _departments(admin) == [(1, "SALES"), (2, "LEGAL")]


def test_a_replay_of_the_first_file_does_not_count_after_the_duplicate(
    admin: Connection, cloud: Cloud
) -> None:
    _load(cloud, second=1)
    _load(cloud, second=9)
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
    assert _departments(admin) == [*ROWS, (4, "More")]


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
    _load(cloud, HIRED, second=0, dataset="hired_employees")
    for second, (change, make) in enumerate(_HIRED_CHANGES.items(), 1):
        make(admin, cloud)
        _load(cloud, HIRED, second=second, dataset="hired_employees")
        assert _states(admin, "hired_employees")[-1] == "COMPLETED", change
        rows = admin.execute("SELECT id, name FROM hired_employees ORDER BY id").fetchall()
        assert rows == [(1, "Ada"), (2, "Bo")], change
    # Once all is noticed again, the next load is one that can be repeated.
    admin.execute("ALTER TABLE hired_employees ENABLE TRIGGER _waybill_changes")
    for second in (10, 11):
        _load(cloud, HIRED, second=second, dataset="hired_employees")
    assert _states(admin, "hired_employees")[-2:] == ["COMPLETED", "DUPLICATE"]


def _other_file(_: Connection, cloud: Cloud) -> None:
    _load(cloud, b"id,department\n1,Other\n", second=2)


def _unchanged_file(_: Connection, cloud: Cloud) -> None:
    _load(cloud, b"id,department\n1,Sales\n", second=2)


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
    _load(cloud, second=1)
    change(admin, cloud)
    _load(cloud, second=3)
    assert "DUPLICATE" not in _states(admin)
    expected = [(1, "SALES"), (2, "LEGAL")] if change is _other_contract else ROWS
    assert _departments(admin) == expected


def test_a_file_of_the_same_size_and_other_content_is_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    _load(cloud, second=1)
    _load(cloud, BODY.replace(b"Sales", b"Salts"), second=2)
    assert "DUPLICATE" not in _states(admin)
    assert _departments(admin)[0] == (1, "Salts")


def test_pending_records_are_loaded_before_a_file_counts_as_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    body = HIRED.replace(b"2021-01-01T00:00:00Z,", b"2021-01-01T00:00:00Z,7")
    for second in (1, 2):
        _load(cloud, body, second=second, dataset="hired_employees")
    assert _states(admin, "hired_employees") == ["COMPLETED", "COMPLETED"]
    _load(cloud, b"id,department\n7,Seven\n", second=3)
    assert admin.execute("SELECT count(*) FROM hired_employees").fetchall() == [(2,)]
    _load(cloud, body, second=4, dataset="hired_employees")
    assert _states(admin, "hired_employees")[-1] == "COMPLETED"
    _load(cloud, body, second=5, dataset="hired_employees")
    assert _states(admin, "hired_employees")[-1] == "DUPLICATE"


def test_pending_records_of_the_last_file_make_it_repeatable_once_they_are_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    body = HIRED.replace(b"2021-01-01T00:00:00Z,", b"2021-01-01T00:00:00Z,7")
    _load(cloud, body, second=1, dataset="hired_employees")
    _load(cloud, b"id,department\n7,Seven\n", second=2)
    _load(cloud, body, second=3, dataset="hired_employees")
    assert _states(admin, "hired_employees") == ["COMPLETED", "DUPLICATE"]
    assert admin.execute("SELECT count(*) FROM hired_employees").fetchall() == [(2,)]


def test_records_that_the_database_rejected_are_tried_again(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(
        "CREATE TABLE crates (id integer PRIMARY KEY, department_id integer REFERENCES"
        " departments); SELECT waybill.register_dataset('crates', on_missing_parent => 'reject')"
    )
    body = b"id,department_id\n1,7\n2,\n"
    _load(cloud, body, second=1, dataset="crates")
    _load(cloud, b"id,department\n7,Seven\n", second=2)
    _load(cloud, body, second=3, dataset="crates")
    assert _states(admin, "crates") == ["COMPLETED_WITH_REJECTS", "COMPLETED"]
    _load(cloud, body, second=4, dataset="crates")
    assert _states(admin, "crates")[-1] == "DUPLICATE"


@pytest.mark.parametrize(("disposition", "key"), [("append", "{id}"), ("replace", "{}")])
def test_tables_that_append_or_replace_load_every_file(
    admin: Connection, cloud: Cloud, disposition: str, key: str
) -> None:
    admin.execute("CREATE TABLE crates (id integer PRIMARY KEY, what text)")
    admin.execute(
        "SELECT waybill.register_dataset('crates', write_disposition => %s, natural_key => %s)",
        (disposition, key),
    )
    for second in (1, 2):
        _load(cloud, b"id,what\n1,a\n", second=second, dataset="crates")
    assert "DUPLICATE" not in _states(admin, "crates")
    assert admin.execute("SELECT count(*) FROM crates").fetchall() == [(1,)]
