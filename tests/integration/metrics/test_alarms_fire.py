"""Faults take each alarm's metric over its threshold, through the code that writes it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from unittest.mock import MagicMock
from uuid import UUID

import pytest

from functions.migrate import handler as migrate_handler
from functions.pipeline.load.handler import handle as load
from functions.pipeline.publish.handler import handle as publish
from infra.thresholds import THRESHOLDS
from tests.cloud.fixtures import STATE
from tests.cloud.lambda_events import Context, sqs_record
from tests.postgres.databases import Connection, Database
from tests.stateful.fake_cloud import FakeCloud
from waybill import consumer, telemetry
from waybill.errors import Unavailable
from waybill.messages import LakeMessage
from waybill.metrics.catalogue import (
    BLOAT,
    CONNECTION_USE,
    JOBS_GIVEN_UP,
    JOBS_STUCK,
    LAKE_FAILURES,
    LAKE_STUCK,
    MESSAGES_UNREACHED,
    MIGRATIONS_FAILED,
    REFRESH_LAG,
    REJECT_SHARE,
    SOURCE_LAG,
    SOURCES_LATE,
    Metric,
)
from waybill.metrics.database_figures import record_figures
from waybill.metrics.embedded import DIMENSION, NAMESPACE, write_embedded
from waybill.settings import LogSettings, MetricsSettings

Written = Callable[[Metric], float]


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Written:
    """The largest value of a metric in the log."""

    def largest(metric: Metric) -> float:
        lines = (
            json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line
        )
        values = [line[metric.cloudwatch] for line in lines if metric.cloudwatch in line]
        return max(float(each) for value in values for each in _listed(value))

    return largest


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def record(database: Database) -> None:
    with database.connect("waybill_reap") as connection:
        record_figures(connection, MetricsSettings())


def test_a_line_has_the_dimensions_that_alarms_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # As every function has it.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "waybill")
    write_embedded({JOBS_STUCK: 1})
    line = json.loads(capsys.readouterr().out)
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Dimensions"]) == (NAMESPACE, [[DIMENSION]])


def test_a_stuck_job(database: Database, admin: Connection, written: Written) -> None:
    admin.execute(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, created_at)"
        " VALUES (gen_random_uuid(), 'departments', 'LOADING', now() - interval '1 hour')"
    )
    record(database)
    assert written(JOBS_STUCK) >= THRESHOLDS[JOBS_STUCK]


def test_views_that_are_behind(database: Database, admin: Connection, written: Written) -> None:
    admin.execute(
        "INSERT INTO waybill.stale_parts (dataset, part, job_id, marked_at)"
        " VALUES ('hired_employees', '2021', gen_random_uuid(), now() - interval '1 hour')"
    )
    record(database)
    assert written(REFRESH_LAG) >= THRESHOLDS[REFRESH_LAG]


def test_a_table_of_dead_rows(database: Database, admin: Connection, written: Written) -> None:
    admin.execute("ALTER TABLE departments SET (autovacuum_enabled = false)")
    admin.execute(
        "INSERT INTO departments (id, department) SELECT n, 'd' || n"
        " FROM generate_series(1, 20000) AS n"
    )
    admin.execute("DELETE FROM departments WHERE id % 2 = 0")
    admin.execute("SELECT pg_stat_force_next_flush()")
    admin.execute("SELECT 1")
    record(database)
    assert written(BLOAT) >= THRESHOLDS[BLOAT]


def test_a_role_without_connections_left(database: Database, written: Written) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(database.connect("waybill_publish"))
        record(database)
    assert written(CONNECTION_USE) >= THRESHOLDS[CONNECTION_USE]


def test_an_error_that_repeats(
    monkeypatch: pytest.MonkeyPatch, written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_message: str) -> None:
        raise ZeroDivisionError

    failed: list[str] = []
    monkeypatch.setattr(consumer, "_send_again", lambda *_: None)
    telemetry.start("load", LogSettings())
    receives = consumer.Consumer("url", str, fail, lambda _, reason: failed.append(reason.code))
    record = {"messageId": "m", "receiptHandle": "r", "body": "b",
              "messageAttributes": {"failures": {"stringValue": "1"}}}  # fmt: skip
    assert consumer.consume({"Records": [record]}, receives) == {"batchItemFailures": []}
    assert len(failed) == 1
    assert written(JOBS_GIVEN_UP) >= THRESHOLDS[JOBS_GIVEN_UP]
    assert "message.given-up" in [line.message for line in caplog.records]


def test_an_outage(monkeypatch: pytest.MonkeyPatch, written: Written) -> None:
    def fail(_message: str) -> None:
        raise Unavailable("database-unavailable", "The database cannot be reached.")

    monkeypatch.setattr(consumer, "sqs_client", MagicMock)
    telemetry.start("plan", LogSettings())
    record = {"messageId": "m", "receiptHandle": "r", "body": "b"}
    attempts = int(THRESHOLDS[MESSAGES_UNREACHED])
    receives = consumer.Consumer("url", str, fail, lambda *_: None)
    for _ in range(attempts):
        consumer.consume({"Records": [record]}, receives)
    # The alarm adds them up.
    assert written(MESSAGES_UNREACHED) * attempts >= THRESHOLDS[MESSAGES_UNREACHED]


def test_a_file_of_bad_records(fake_cloud: FakeCloud, written: Written) -> None:
    fake_cloud.land("departments", "a.csv", b"id,department\n1,Sales\nx,Bad\ny,Bad\n", 1)
    fake_cloud.settle()
    assert written(REJECT_SHARE) >= THRESHOLDS[REJECT_SHARE]


@pytest.fixture
def late_source(admin: Connection) -> None:
    """A source that was in time a moment ago."""
    admin.execute(
        "INSERT INTO waybill.data_sources (name, kind, connection, dataset, late_after_seconds,"
        " last_success_at) VALUES ('pier', 'rest', '{}', 'departments', 3600,"
        " now() - interval '3600 seconds')"
    )


@pytest.mark.usefixtures("late_source")
def test_a_late_source(database: Database, written: Written) -> None:
    record(database)
    assert written(SOURCES_LATE) >= THRESHOLDS[SOURCES_LATE]


@pytest.mark.usefixtures("late_source")
def test_a_source_is_late_while_the_database_sleeps(
    database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment_of(database, "waybill_publish")
    monkeypatch.setenv("METRICS_BUCKET", STATE)
    with database.connect("waybill_reap") as connection:
        record_figures(connection, MetricsSettings.from_environment())
    capsys.readouterr()
    monkeypatch.setenv("DATABASE_PORT", "1")
    assert publish({}, Context()) == {"published": 0}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [line["SourcesLate"] for line in lines if "SourcesLate" in line] == [[1.0]]
    ((lag, source),) = [(line["SourceLagSeconds"], line["source"]) for line in lines if
                        SOURCE_LAG.cloudwatch in line]  # fmt: skip
    assert (lag[0] > 3600, source) == (True, "pier")


@pytest.fixture
def partition(admin: Connection) -> UUID:
    """A partition whose archiving began two hours ago; its table is missing."""
    row = admin.execute(
        "INSERT INTO waybill.archived_partitions (dataset, label, unit, lower, upper, folder,"
        " columns, changed_at) VALUES ('hired_employees', '2001', 'year', '2001-01-01',"
        " '2002-01-01', 'lake/x/', '[]', now() - interval '2 hours') RETURNING partition_id"
    ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


@pytest.mark.usefixtures("partition")
def test_a_partition_that_does_not_advance(database: Database, written: Written) -> None:
    record(database)
    assert written(LAKE_STUCK) >= THRESHOLDS[LAKE_STUCK]


@pytest.mark.usefixtures("cloud")
def test_a_partition_that_cannot_be_archived(
    database: Database,
    environment_of: Callable[[Database, str], None],
    partition: UUID,
    written: Written,
) -> None:
    environment_of(database, "waybill_load")
    body = LakeMessage(partition_id=partition).model_dump_json()
    assert load({"Records": [sqs_record(body)]}, Context()) == {"batchItemFailures": []}
    assert written(LAKE_FAILURES) >= THRESHOLDS[LAKE_FAILURES]


@pytest.mark.parametrize(
    "case",
    [
        ("FAILED", "5 years", "departments", 1),
        ("FAILED", None, "departments", 0),
        ("FAILED", "5 years", None, 0),
        ("ARCHIVED", "5 years", None, 0),
        ("RESTORING", None, None, 1),
    ],
)
def test_a_failed_partition_counts_until_it_is_not_to_be_archived(
    database: Database,
    admin: Connection,
    partition: UUID,
    written: Written,
    case: tuple[str, str | None, str | None, int],
) -> None:
    state, archive_after, table, stuck = case
    admin.execute("UPDATE waybill.datasets SET archive_after = %s::interval", (archive_after,))
    admin.execute(
        "UPDATE waybill.archived_partitions SET state = %s, relation = %s::regclass"
        " WHERE partition_id = %s",
        (state, table, partition),
    )
    record(database)
    assert written(LAKE_STUCK) == stuck


def test_a_migration_that_fails(monkeypatch: pytest.MonkeyPatch, written: Written) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(migrate_handler, "_connect", fail)
    monkeypatch.setattr("functions.migrate.settings.MigrateSettings.from_environment", LogSettings)
    with pytest.raises(TimeoutError):
        migrate_handler.handle({}, Context())
    assert written(MIGRATIONS_FAILED) >= THRESHOLDS[MIGRATIONS_FAILED]


def test_every_alarm_on_an_own_metric_is_driven_here() -> None:
    driven = {MESSAGES_UNREACHED, JOBS_STUCK, REFRESH_LAG, BLOAT, CONNECTION_USE, JOBS_GIVEN_UP,
              REJECT_SHARE, MIGRATIONS_FAILED, SOURCES_LATE, LAKE_FAILURES, LAKE_STUCK}  # fmt: skip
    assert THRESHOLDS.keys() == driven
