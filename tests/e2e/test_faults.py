"""Faults on the running stack: each is seen in logs, in metrics and in the alarm that it raises."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from infra.local.accounts import chown_to_server
from infra.local.postgres import HOST, SUPERUSER, Postgres
from infra.local.status import Status
from tests.e2e.client_calls import accept, jobs_of, load, problem, put
from tests.e2e.faults import AT_ONCE, Operator, grow, small_disk, until, variables
from waybill_client import Waybill

pytestmark = pytest.mark.e2e


def test_a_stopped_database(
    stack: Status,
    waybill: Waybill,
    operator: Operator,
    server: Postgres,
) -> None:
    port = server.port()
    keys = [f"landing/departments/outage/{number}.csv" for number in range(3)]
    with variables(operator.aws, "plan", AT_ONCE):
        server.stop()
        for number, key in enumerate(keys):
            put(operator.aws, stack, key, f"96{number},Outage\n")
        accept(operator.http, "departments", b"969,Accepted\n")
        line = operator.logged("plan", "message.postponed", code="database-unavailable")
        assert line["failures"] == 0
        deep = operator.http.get("/health/deep").json()
        assert (deep["status"], deep["checks"]["database"]["status"]) == ("degraded", "down")
        operator.alarm("unreachable", "plan")
        assert operator.metric("waybill_messages_unreached_total", step="plan") >= 3
        server.start(port)
        for key in keys:
            assert [job["state"] for job in jobs_of(waybill, key)] == ["COMPLETED"]


def test_a_poison_file_fails_alone(
    stack: Status, waybill: Waybill, operator: Operator, tmp_path: Path
) -> None:
    with variables(operator.aws, "merge", AT_ONCE), variables(operator.aws, "plan", AT_ONCE):
        failed = load(waybill, tmp_path, "departments", b"\x00\xff\xfe\x00" * 500)
        assert problem(failed) == "undeclared-encoding"
        line = operator.logged("plan", "job.failed", correlation_id=failed["job_id"])
        assert line["code"] == "undeclared-encoding"
        key = "landing/departments/poison/half.csv"
        put(operator.aws, stack, key, "961,Poison\n" + "x,Poison\n" * 3)
        (half,) = jobs_of(waybill, key)
        assert half["state"] == "COMPLETED_WITH_REJECTS"
        operator.alarm("reject-share", "merge", "publish")
        labels = {"dataset": "departments", "state": "FAILED"}
        until(lambda: operator.metric("waybill_jobs_total", **labels), "no failed job is counted")
        assert operator.metric("waybill_records_rejected_total", dataset="departments") >= 3


def test_a_poison_message_is_put_aside(operator: Operator) -> None:
    urls = {name: operator.aws("sqs").get_queue_url(QueueName=f"waybill-local-{name}")["QueueUrl"]
            for name in ("landed", "landed-dlq")}  # fmt: skip
    operator.aws("sqs").send_message(QueueUrl=urls["landed"], MessageBody='{"what": "is this"')
    operator.logged("plan", "message.failed", receives=1)
    waiting = until(
        lambda: operator.metric("waybill_queue_messages", queue="landed-dlq"),
        "the message is not in the dead-letter queue",
    )
    alarm = operator.aws("cloudwatch").describe_alarms(AlarmNames=["waybill-local-landed-dlq"])
    (found,) = alarm["MetricAlarms"]
    assert found["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert waiting >= found["Threshold"]
    operator.aws("sqs").purge_queue(QueueUrl=urls["landed-dlq"])


def test_a_full_disk_of_a_loader_keeps_no_reject_out(
    waybill: Waybill, operator: Operator, tmp_path: Path
) -> None:
    refused = "id,department\n" + f"x,{'y' * 300}\n" * 60_000
    with (
        small_disk("1m") as disk,
        variables(operator.aws, "load", {"TMPDIR": str(disk), **AT_ONCE}),
    ):
        (disk / "filler").write_bytes(bytes(1_000_000))
        job = load(waybill, tmp_path, "departments", refused)
    assert job["waybill"]["rejected"] == job["waybill"]["read"] == 60_000


def test_a_full_disk_of_the_database_is_waited_for(
    waybill: Waybill,
    operator: Operator,
    server: Postgres,
    admin: psycopg.Connection,
    tmp_path: Path,
) -> None:
    file = tmp_path / "departments.csv"
    file.write_text("".join(f"{number},{'d' * 200}\n" for number in range(970_000, 1_000_000)))
    with (
        small_disk("2m") as disk,
        _staging_on(server, disk),
        variables(operator.aws, "load", AT_ONCE),
        variables(operator.aws, "plan", AT_ONCE),
    ):
        job_id = waybill.upload("departments", file)
        line = operator.logged("load", "message.postponed", code="database-out-of-resources")
        assert line["correlation_id"] == job_id
        assert operator.metric("waybill_messages_total", step="load", result="postponed") >= 1
        _make_old(admin, job_id)
        operator.aws("lambda").invoke(FunctionName="waybill-local-reap", Payload=b"{}")
        operator.alarm("jobs-not-moving", "reap")
        assert waybill.job(job_id)["state"] == "LOADING"
        grow(disk, "200m")
        assert waybill.wait(job_id, timeout_seconds=180)["state"] == "COMPLETED"
    admin.execute("DELETE FROM departments WHERE id >= 970000")


def test_a_stuck_job(
    waybill: Waybill,
    operator: Operator,
    admin: psycopg.Connection,
    tmp_path: Path,
) -> None:
    file = tmp_path / "departments.csv"
    file.write_text("968,Stuck\n")
    mappings = operator.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    chunks = next(one for one in mappings if one["EventSourceArn"].endswith("-chunks"))
    enable = operator.aws("lambda").update_event_source_mapping
    enable(UUID=chunks["UUID"], Enabled=False)
    try:
        job_id = waybill.upload("departments", file)
        until(lambda: waybill.job(job_id)["state"] == "LOADING", "the job is not planned")
        _make_old(admin, job_id)
        operator.aws("lambda").invoke(FunctionName="waybill-local-reap", Payload=b"{}")
        operator.logged("reap", "reap.done")
        operator.alarm("jobs-not-moving", "reap")
        assert operator.metric("waybill_jobs_stuck") >= 1
        assert operator.http.get("/health/deep").json()["checks"]["jobs"]["status"] == "down"
    finally:
        enable(UUID=chunks["UUID"], Enabled=True)
    assert waybill.wait(job_id, timeout_seconds=180)["state"] == "COMPLETED"


def _make_old(admin: psycopg.Connection, job_id: str) -> None:
    """As if the job had begun an hour ago."""
    hour = "interval '1 hour'"
    admin.execute(
        f"UPDATE waybill.ingestion_jobs SET created_at = created_at - {hour},"
        f" started_at = started_at - {hour} WHERE job_id = %s",
        (job_id,),
    )
    admin.execute(
        f"UPDATE waybill.job_runs SET started_at = started_at - {hour},"
        f" finished_at = finished_at - {hour} WHERE job_id = %s",
        (job_id,),
    )


@contextmanager
def _staging_on(server: Postgres, disk: Path) -> Iterator[None]:
    """Let the staging tables that `plan` makes be on this disk."""
    disk.chmod(0o755)
    folder = disk / "tablespace"
    folder.mkdir()
    chown_to_server(folder)
    connect: Callable[[], psycopg.Connection] = lambda: psycopg.connect(  # noqa: E731 - twice
        host=HOST, port=server.port(), user=SUPERUSER, password=server.superuser_password,
        dbname="waybill", autocommit=True,
    )  # fmt: skip
    with connect() as superuser:
        superuser.execute(f"CREATE TABLESPACE small LOCATION '{folder}'".encode())
        superuser.execute("GRANT CREATE ON TABLESPACE small TO PUBLIC")
        superuser.execute("ALTER ROLE waybill_plan SET default_tablespace = small")
    try:
        yield
    finally:
        with connect() as superuser:
            superuser.execute("ALTER ROLE waybill_plan RESET default_tablespace")
            until(lambda: _dropped(superuser), "the tablespace is in use")


def _dropped(superuser: psycopg.Connection) -> bool:
    try:
        superuser.execute("DROP TABLESPACE small")
    except psycopg.errors.ObjectNotInPrerequisiteState:
        return False
    return True
