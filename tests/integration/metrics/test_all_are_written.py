"""Every metric that an alarm or a dashboard can show is written by the code that runs."""

import json

import pytest

from tests.postgres.databases import Database
from tests.stateful.fake_cloud import FakeCloud
from waybill.metrics.catalogue import LAKE_FAILURES, MESSAGES_UNREACHED, METRICS, MIGRATIONS_FAILED
from waybill.metrics.database_figures import record_figures
from waybill.settings import MetricsSettings


def test_a_load_and_the_figures_write_every_metric_of_cloudwatch(
    fake_cloud: FakeCloud, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_cloud.land("departments", "a.csv", b"id,department\n1,Sales\nx,Bad\n", 1)
    fake_cloud.settle()
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO waybill.data_sources (name, kind, connection, dataset, late_after_seconds)"
            " VALUES ('pier', 'rest', '{}', 'departments', 3600)"
        )
    with database.connect("waybill_reap") as connection:
        record_figures(connection, MetricsSettings())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    written = {name for line in lines for name in line}
    # A migration that fails, an outage and a failed partition are in test_alarms_fire.py.
    faults = {each.cloudwatch for each in (MIGRATIONS_FAILED, MESSAGES_UNREACHED, LAKE_FAILURES)}
    expected = {each.cloudwatch for each in METRICS if each.cloudwatch} - faults
    assert expected <= written
    given_up = [line["JobsGivenUp"] for line in lines if "JobsGivenUp" in line]
    # A share of failures needs the zeros.
    assert given_up == [[0.0]]
