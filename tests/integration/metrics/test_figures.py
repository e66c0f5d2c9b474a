"""The figures of the database, and that reading metrics does not need it."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from functions.api.metrics.deps import deps
from functions.api.metrics.handler import handle
from tests.postgres.databases import Connection, Database
from tests.unit.http.api_client import REGION, STATE, call
from waybill.database.figures import Figures
from waybill.metrics.catalogue import BY_NAME, METRICS
from waybill.metrics.database_figures import record_figures
from waybill.settings import MetricsSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

QUEUES = ("LANDED", "CHUNKS", "MERGES", "EXTRACTS", "UNDELIVERED")


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def figures(database: Database) -> dict[tuple[str, ...], float]:
    with database.connect("waybill_refresh") as connection:
        rows = Figures(connection).read(15)
    assert all(len(BY_NAME[row.metric].labels) == len(row.labels) for row in rows)
    return {(row.metric, *row.labels): row.value for row in rows}


def embedded(text: str) -> dict[str, Any]:
    lines = [json.loads(each) for each in text.splitlines() if "_aws" in each]
    return {name: value for line in lines for name, value in line.items() if name != "_aws"}


def test_partitions_connections_and_size_are_counted(database: Database, admin: Connection) -> None:
    assert figures(database)["waybill_partitions", "hired_employees"] == 0
    admin.execute("SET ROLE waybill_owner; SELECT waybill.premake_partitions(); RESET ROLE")
    found = figures(database)
    assert found["waybill_partitions", "hired_employees"] >= 1
    assert ("waybill_partitions", "departments") not in found
    assert found["waybill_database_connections", "waybill_refresh"] == 1
    assert found["waybill_database_connection_limit", "waybill_refresh"] == 4
    assert found["waybill_database_connection_use_ratio",] >= 1 / 4
    assert found["waybill_database_bytes",] > 1_000_000


def test_dead_rows_are_a_share_of_the_table(database: Database, admin: Connection) -> None:
    admin.execute("ALTER TABLE departments SET (autovacuum_enabled = false)")
    admin.execute(
        "INSERT INTO departments (id, department) SELECT n, 'd' || n"
        " FROM generate_series(1, 20000) AS n"
    )
    admin.execute("DELETE FROM departments WHERE id % 2 = 0")
    admin.execute("SELECT pg_stat_force_next_flush()")
    admin.execute("SELECT 1")
    assert figures(database)["waybill_table_bloat_ratio", "departments"] == pytest.approx(0.5)
    assert figures(database)["waybill_table_bloat_ratio", "jobs"] == 0


def test_the_refresh_lag_is_the_age_of_the_oldest_change(
    database: Database, admin: Connection
) -> None:
    assert figures(database)["waybill_refresh_lag_seconds",] == 0
    admin.execute(
        "INSERT INTO waybill.stale_parts (dataset, part, job_id, marked_at)"
        " VALUES ('hired_employees', '2021', gen_random_uuid(), now() - interval '1 hour')"
    )
    assert 3600 <= figures(database)["waybill_refresh_lag_seconds",] < 3700


def test_the_time_of_the_figures_is_the_databases(database: Database, admin: Connection) -> None:
    clock = "SELECT extract(epoch FROM clock_timestamp())::float8"
    (before,), at, (after,) = (
        admin.execute(clock).fetchone() or (0.0,),
        figures(database)["waybill_database_figures_timestamp_seconds",],
        admin.execute(clock).fetchone() or (0.0,),
    )
    assert before < at < after


@pytest.fixture
def source(admin: Connection) -> None:
    """A source that was loaded two hours ago and may be an hour old."""
    admin.execute(
        "INSERT INTO waybill.data_sources (name, kind, connection, dataset, late_after_seconds,"
        " last_success_at) VALUES ('pier', 'rest', '{}', 'departments', 3600,"
        " now() - interval '2 hours')"
    )


@pytest.mark.usefixtures("source")
def test_the_figures_are_kept_and_those_with_alarms_written_to_the_log(
    aws: "S3Client", database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.connect("waybill_reap") as connection:
        record_figures(connection, MetricsSettings(metrics_bucket=STATE))
    written = embedded(capsys.readouterr().out)
    assert (written.pop("environment"), written.pop("source")) == ("local", "pier")
    assert written.keys() == {
        metric.cloudwatch for metric in METRICS if metric.kind == "gauge" and metric.cloudwatch
    }
    stored = json.loads(aws.get_object(Bucket=STATE, Key="metrics/database.json")["Body"].read())
    names = {name for name, *_ in stored["series"]}
    assert {"waybill_partitions", "waybill_database_figures_timestamp_seconds"} <= names


@pytest.mark.usefixtures("source")
def test_metrics_are_shown_without_a_database(
    aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws
    sqs = boto3.client("sqs", region_name=REGION)
    for name in QUEUES:
        for kind in ("QUEUE", "DLQ"):
            url = sqs.create_queue(QueueName=f"{name}-{kind}".lower())["QueueUrl"]
            monkeypatch.setenv(f"{name}_{kind}_URL", url)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    with database.connect("waybill_reap") as connection:
        record_figures(connection, MetricsSettings(metrics_bucket=STATE))
    deps.cache_clear()
    # No variable of the database is set: the function could not connect.
    response = call(handle, "GET", "/metrics")
    deps.cache_clear()
    assert (response.status, response.headers["Content-Type"]) == (
        200,
        "text/plain; version=0.0.4; charset=utf-8",
    )
    lines = response.text.splitlines()
    assert 'waybill_queue_messages{queue="undelivered-dlq"} 1.0' in lines
    assert 'waybill_queue_messages{queue="landed"} 0.0' in lines
    assert any(line.startswith("waybill_partitions{") for line in lines)
    (lag,) = (line for line in lines if line.startswith('waybill_source_lag_seconds{source="pier"'))
    assert 7200 <= float(lag.split()[-1]) < 7300
    assert "waybill_sources_late 1.0" in lines
