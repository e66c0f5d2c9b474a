"""A huge file does not delay small ones, and messages do not multiply."""

import pytest

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land, settle
from tests.postgres.databases import Connection

AT_ONCE = 3


def one_round(cloud: Cloud) -> None:
    """Every step handles what is in its queue now, in the order of its coming."""
    for name, handle in FUNCTIONS.items():
        for record in cloud.take(name):
            assert handle({"Records": [record]}, Context()) == {"batchItemFailures": []}


def states(admin: Connection, dataset: str) -> set[str]:
    rows = admin.execute(
        "SELECT DISTINCT state FROM waybill.ingestion_jobs WHERE dataset = %s", (dataset,)
    ).fetchall()
    return {str(state) for (state,) in rows}


def test_small_files_overtake_a_huge_one(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "500")
    monkeypatch.setenv("CHUNKS_AT_ONCE", str(AT_ONCE))
    huge = b"".join(b"%d,Department number %d\n" % (n, n) for n in range(1, 601))
    land(cloud, "departments", "huge.csv", huge)
    for record in cloud.take("landed"):
        FUNCTIONS["landed"]({"Records": [record]}, Context())
    assert cloud.waiting("chunks") == AT_ONCE
    for number in range(5):
        land(cloud, "jobs", f"{number}.csv", b"%d,Clerk\n" % number, second=number)
    for _ in range(3):
        one_round(cloud)
        assert cloud.waiting("chunks") <= AT_ONCE
    assert states(admin, "jobs") == {"COMPLETED"}
    assert states(admin, "departments") == {"LOADING"}
    settle(cloud)
    assert states(admin, "departments") == {"COMPLETED"}
    assert admin.execute("SELECT count(*) FROM departments").fetchone() == (600,)


def test_many_files_of_one_dataset_take_few_messages(admin: Connection, cloud: Cloud) -> None:
    files = 30
    for number in range(files):
        land(cloud, "departments", f"{number}.csv", b"%d,D\n" % number, second=number)
    settle(cloud)
    assert states(admin, "departments") == {"COMPLETED"}
    merges = admin.execute("SELECT count(*) FROM waybill.job_runs WHERE step = 'merge'").fetchone()
    assert merges
    assert merges[0] <= 3 * files
