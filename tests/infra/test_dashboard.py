"""The CloudWatch dashboard shows every step, every own metric and what is left of the budget."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.cost.model import ALARM_METRICS, DEAD_LETTER_ALARMS
from infra.functions import FUNCTIONS
from infra.objectives import SERVED_PERCENT
from tests.infra.template import Synthesised, text
from tests.infra.test_alarms import AWS_METRICS, alarms, metrics_of
from waybill.metrics.catalogue import METRICS
from waybill.metrics.embedded import DIMENSION, NAMESPACE
from waybill.metrics.source_lag import SOURCE

Widget = dict[str, Any]


@pytest.fixture
def widgets(synthesise: Callable[[str], Synthesised]) -> list[Widget]:
    (dashboard,) = synthesise("prod").of_type("AWS::CloudWatch::Dashboard").values()
    body = json.loads(text(dashboard["DashboardBody"]))
    assert body["start"] == "-P30D"
    found: list[Widget] = body["widgets"]
    return found


def series(widgets: list[Widget]) -> Iterator[list[Any]]:
    """Each metric as CloudWatch reads it: namespace, name, dimensions, options."""
    for widget in widgets:
        for line in widget["properties"].get("metrics", []):
            if isinstance(line[0], str):
                yield line


def test_every_metric_of_the_dashboard_is_written(widgets: list[Widget]) -> None:
    own = {metric.cloudwatch for metric in METRICS} - {None}
    # Those with a dimension of their own are searched for.
    schema = rf"SEARCH\('{{{NAMESPACE},{DIMENSION},{SOURCE}}} MetricName=(\w+) {DIMENSION}=prod'"
    shown = set(re.findall(schema, json.dumps(widgets)))
    for namespace, name, *dimensions in series(widgets):
        if namespace == NAMESPACE:
            shown.add(name)
            assert dimensions[:2] == [DIMENSION, "prod"], name
        else:
            assert name in AWS_METRICS[namespace], name
    assert shown == own


def test_every_step_has_a_row_with_its_queue_and_its_function(widgets: list[Widget]) -> None:
    titles = [
        widget["properties"]["markdown"].removeprefix("## ")
        for widget in widgets
        if widget["type"] == "text"
    ]
    steps = ["Upload", "Plan", "Load", "Merge", "Publish", "Notify", "Refresh", "Reap"]
    assert [title for title in titles if title in steps] == steps
    assert {"Requests", "Jobs", "Sources", "Database"} < set(titles)
    listed = str(list(series(widgets)))
    assert all(FUNCTIONS[step.lower()].name.capitalize() in listed for step in steps)


def number(widgets: list[Widget], title: str) -> Widget:
    (found,) = (one["properties"] for one in widgets if one["properties"].get("title") == title)
    assert found["setPeriodToTimeRange"] is True
    return dict(found)


@pytest.mark.parametrize("subject", ["Requests", "Jobs"])
def test_a_failure_in_a_thousand_uses_up_the_budget(widgets: list[Widget], subject: str) -> None:
    def percent(title: str, failed: int) -> float:
        expression = number(widgets, f"{subject}{title}")["metrics"][0][0]["expression"]
        # Metric math is arithmetic as Python has it.
        return float(eval(expression, {"failed": failed, "all": 10_000}))  # noqa: S307

    assert percent(" served, %", 10) == pytest.approx(SERVED_PERCENT)
    assert percent(": failures left, %", 10) == pytest.approx(0, abs=1e-6)
    assert percent(": failures left, %", 5) == pytest.approx(50)


def test_the_dashboard_shows_every_alarm(
    widgets: list[Widget], synthesise: Callable[[str], Synthesised]
) -> None:
    (states,) = (one["properties"]["alarms"] for one in widgets if one["type"] == "alarm")
    names = {arn.rpartition("alarm:")[2] for arn in states}
    assert names == {f"waybill-prod-{name}" for name in alarms(synthesise("prod"))}


def test_only_environments_that_keep_data_pay_for_a_dashboard(
    synthesise: Callable[[str], Synthesised],
) -> None:
    counts = {
        name: len(synthesise(name).of_type("AWS::CloudWatch::Dashboard"))
        for name in ("local", "dev", "staging", "prod")
    }
    assert counts == {"local": 0, "dev": 0, "staging": 1, "prod": 1}


def test_the_cost_counts_the_metrics_of_the_alarms(on_aws: Synthesised) -> None:
    counted = DEAD_LETTER_ALARMS if on_aws.environment == "dev" else ALARM_METRICS
    assert sum(len(metrics_of(alarm)) for alarm in alarms(on_aws).values()) == counted
