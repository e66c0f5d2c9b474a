"""A file with the content of the one before it is not loaded again, unless that could matter."""

import gzip

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.repeated_files import BODY, HIRED, departments, load, states
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection


@pytest.mark.parametrize("packed", [False, True])
def test_the_same_content_again_is_a_duplicate_and_writes_nothing(
    admin: Connection, cloud: Cloud, packed: bool
) -> None:
    body = gzip.compress(BODY, mtime=0) if packed else BODY
    load(cloud, body, second=1)
    written = admin.execute("SELECT xmin, * FROM departments").fetchall()
    for second in (2, 3):
        land(cloud, "departments", f"f{second}.csv", body, second=second)
        settle(cloud)
    assert states(admin) == ["COMPLETED_WITH_REJECTS", "DUPLICATE", "DUPLICATE"]
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
    ).fetchall() == [(state,) for state in states(admin)]
    staged = admin.execute(
        "SELECT DISTINCT step FROM waybill.job_runs AS r, waybill.ingestion_jobs"
        " AS j WHERE j.job_id = r.job_id AND j.state = 'DUPLICATE'"
    ).fetchall()
    assert {step for (step,) in staged} == {"plan", "merge"}


def test_a_file_of_the_same_size_and_other_content_is_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    load(cloud, second=1)
    load(cloud, BODY.replace(b"Sales", b"Salts"), second=2)
    assert "DUPLICATE" not in states(admin)
    assert departments(admin)[0] == (1, "Salts")


def test_pending_records_are_loaded_before_a_file_counts_as_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    body = HIRED.replace(b"2021-01-01T00:00:00Z,", b"2021-01-01T00:00:00Z,7")
    for second in (1, 2):
        load(cloud, body, second=second, dataset="hired_employees")
    assert states(admin, "hired_employees") == ["COMPLETED", "COMPLETED"]
    load(cloud, b"id,department\n7,Seven\n", second=3)
    assert admin.execute("SELECT count(*) FROM hired_employees").fetchall() == [(2,)]
    load(cloud, body, second=4, dataset="hired_employees")
    assert states(admin, "hired_employees")[-1] == "COMPLETED"
    load(cloud, body, second=5, dataset="hired_employees")
    assert states(admin, "hired_employees")[-1] == "DUPLICATE"


def test_pending_records_of_the_last_file_make_it_repeatable_once_they_are_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    body = HIRED.replace(b"2021-01-01T00:00:00Z,", b"2021-01-01T00:00:00Z,7")
    load(cloud, body, second=1, dataset="hired_employees")
    load(cloud, b"id,department\n7,Seven\n", second=2)
    load(cloud, body, second=3, dataset="hired_employees")
    assert states(admin, "hired_employees") == ["COMPLETED", "DUPLICATE"]
    assert admin.execute("SELECT count(*) FROM hired_employees").fetchall() == [(2,)]


def test_records_that_the_database_rejected_are_tried_again(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(
        "CREATE TABLE crates (id integer PRIMARY KEY, department_id integer REFERENCES"
        " departments); SELECT waybill.register_dataset('crates', on_missing_parent => 'reject')"
    )
    body = b"id,department_id\n1,7\n2,\n"
    load(cloud, body, second=1, dataset="crates")
    load(cloud, b"id,department\n7,Seven\n", second=2)
    load(cloud, body, second=3, dataset="crates")
    assert states(admin, "crates") == ["COMPLETED_WITH_REJECTS", "COMPLETED"]
    load(cloud, body, second=4, dataset="crates")
    assert states(admin, "crates")[-1] == "DUPLICATE"


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
        load(cloud, b"id,what\n1,a\n", second=second, dataset="crates")
    assert "DUPLICATE" not in states(admin, "crates")
    assert admin.execute("SELECT count(*) FROM crates").fetchall() == [(1,)]
