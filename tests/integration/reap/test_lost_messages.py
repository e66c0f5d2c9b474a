"""A job continues whatever message is lost; one without progress is ended."""

import json

import pytest

from tests.cloud.fixtures import LANDING, STATE, Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land, settle
from tests.integration.reap.stalled_jobs import pass_time, reap, stages, states
from tests.postgres.databases import Connection
from waybill.state.bucket import StateBucket

ROWS = b"".join(b"%d,Department %d\n" % (n, n) for n in range(1, 301))


def lose(cloud: Cloud, queue: str) -> int:
    return len(cloud.take(queue))


def step(cloud: Cloud, name: str) -> None:
    for record in cloud.take(name):
        assert FUNCTIONS[name]({"Records": [record]}, Context()) == {"batchItemFailures": []}


def test_without_work_the_database_is_not_woken(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert admin
    assert StateBucket(cloud.s3, STATE).markers.list() == []
    monkeypatch.setenv("DATABASE_PORT", "1")
    assert reap() == {}


def test_a_job_that_was_just_touched_is_left_alone(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    step(cloud, "landed")
    assert len(StateBucket(cloud.s3, STATE).markers.list()) == 1
    # It was touched a moment ago.
    assert reap() == {}
    assert states(admin) == {"a.csv": "LOADING"}


@pytest.mark.parametrize("lost", ["chunks", "merges"])
def test_a_lost_message_is_sent_again(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "500")
    land(cloud, "departments", "a.csv", ROWS)
    for name in FUNCTIONS:
        if name == lost:
            assert lose(cloud, name)
            break
        step(cloud, name)
        if name == "chunks":
            while cloud.waiting("chunks"):
                step(cloud, "chunks")
    pass_time(admin, "11 minutes")
    assert reap() == {"jobs_sent_again": 1}
    assert reap() == {}
    settle(cloud)
    assert states(admin) == {"a.csv": "COMPLETED"}


def test_the_message_of_a_lost_plan_is_sent_again(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    (record,) = cloud.take("landed")
    FUNCTIONS["landed"]({"Records": [record]}, Context())
    lose(cloud, "chunks")
    admin.execute("UPDATE waybill.ingestion_jobs SET chunks_total = NULL, sha256 = NULL")
    pass_time(admin, "11 minutes")
    assert reap() == {"jobs_sent_again": 1}
    (again,) = cloud.bodies("landed")
    reported, sent = again["detail"]["object"], json.loads(record["body"])["detail"]["object"]
    assert (reported["key"], reported["etag"]) == (sent["key"], sent["etag"])
    cloud.sqs.send_message(QueueUrl=cloud.queues["landed"], MessageBody=json.dumps(again))
    settle(cloud)
    assert states(admin) == {"a.csv": "COMPLETED"}


def test_nothing_is_sent_again_while_the_queue_has_a_backlog(
    admin: Connection, cloud: Cloud
) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    step(cloud, "landed")
    for number in range(60):
        cloud.sqs.send_message(QueueUrl=cloud.queues["chunks"], MessageBody=str(number))
    pass_time(admin, "11 minutes")
    assert reap() == {}


def test_pending_records_are_resolved_after_a_lost_message(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "hired_employees", "e.csv", b"1,Ada,2021-01-05T09:00:00Z,1,1\n")
    settle(cloud)
    assert states(admin) == {"e.csv": "COMPLETED"}
    land(cloud, "jobs", "j.csv", b"1,Clerk\n", second=1)
    land(cloud, "departments", "d.csv", b"1,Sales\n", second=2)
    for name in FUNCTIONS:
        step(cloud, name)
    assert lose(cloud, "merges")
    pass_time(admin, "11 minutes")
    assert reap() == {"jobs_sent_again": 1}
    settle(cloud)
    assert admin.execute("SELECT id FROM hired_employees").fetchall() == [(1,)]
    pass_time(admin, "1 day")
    assert "jobs_sent_again" not in reap()


def test_a_job_that_is_stuck_for_a_day_fails(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    step(cloud, "landed")
    lose(cloud, "chunks")
    rounds = 0
    while states(admin) == {"a.csv": "LOADING"}:
        pass_time(admin, "4 hours")
        reap()
        lose(cloud, "chunks")
        rounds += 1
        assert rounds < 20
    assert rounds >= 8
    assert states(admin) == {"a.csv": "FAILED"}
    error = admin.execute("SELECT error ->> 'type' FROM waybill.ingestion_jobs").fetchone()
    assert error == ("gave-up",)
    settle(cloud)
    assert [detail["state"] for detail in cloud.reported()] == ["FAILED"]
    assert stages(admin) == 0


def test_progress_starts_the_count_anew(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    step(cloud, "landed")
    for _ in range(7):
        lose(cloud, "chunks")
        pass_time(admin, "5 hours")
        assert reap() == {"jobs_sent_again": 1}
    admin.execute("UPDATE waybill.chunks SET done = true")
    for _ in range(3):
        lose(cloud, "merges")
        pass_time(admin, "5 hours")
        assert reap() == {"jobs_sent_again": 1}
    admin.execute("UPDATE waybill.chunks SET done = false")
    settle(cloud)
    assert states(admin) == {"a.csv": "COMPLETED"}


def test_a_running_job_is_left_alone(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    step(cloud, "landed")
    step(cloud, "chunks")
    lose(cloud, "merges")
    pass_time(admin, "9 days")
    with admin.transaction():
        # As a merge does that outlived its function.
        admin.execute("SELECT FROM waybill.ingestion_jobs FOR UPDATE")
        assert "jobs_sent_again" not in reap()
        assert states(admin) == {"a.csv": "MERGING"}


def test_an_earlier_file_does_not_wait_for_a_missing_object(
    admin: Connection, cloud: Cloud
) -> None:
    land(cloud, "departments", "first.csv", b"1,Sales\n", second=1)
    settle(cloud)
    # Finds its row unchanged, and does not stamp it: nothing earlier is open.
    land(cloud, "departments", "last.csv", b"1,Sales\n", second=9)
    settle(cloud)
    for version in cloud.s3.list_object_versions(Bucket=LANDING)["Versions"]:
        if version["Key"].endswith("last.csv"):
            cloud.s3.delete_object(
                Bucket=LANDING, Key=version["Key"], VersionId=version["VersionId"]
            )
    land(cloud, "departments", "late.csv", b"1,Older\n", second=5)
    settle(cloud)
    assert states(admin)["late.csv"] == "COMPLETED"
    assert admin.execute("SELECT bool_or(restamping) FROM waybill.ingestion_jobs").fetchone() == (
        False,
    )
    assert stages(admin) == 0


def test_killed_runs_are_ended(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    step(cloud, "landed")
    admin.execute("UPDATE waybill.job_runs SET finished_at = NULL, outcome = NULL")
    pass_time(admin, "5 minutes")
    assert "runs_abandoned" not in reap()
    pass_time(admin, "26 minutes")
    assert reap()["runs_abandoned"] == 1
    run = admin.execute("SELECT outcome, error ->> 'type' FROM waybill.job_runs").fetchone()
    assert run == ("retry", "run-abandoned")


def test_unused_staging_tables_are_dropped_and_others_stay(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    step(cloud, "landed")
    admin.execute("CREATE UNLOGGED TABLE staging.s_0199e4a86b7c7d3e9f102a4b6c8d0e1f (n integer)")
    assert reap() == {"stages_dropped": 1}
    assert stages(admin) == 1


def test_events_published_long_ago_are_purged(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", ROWS)
    settle(cloud)
    admin.execute(
        "INSERT INTO waybill.idempotency_keys (key, dataset, sha256, response, kept_at)"
        " VALUES ('k', 'departments', 'x', '{}', now() - interval '2 days'),"
        " ('l', 'departments', 'x', '{}', now())"
    )
    assert reap() == {"rows_purged": 1}
    pass_time(admin, "8 days")
    assert reap()["rows_purged"] == 2
