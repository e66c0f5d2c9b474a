"""Slow statements of the API are counted in the database's log."""

import re

import pytest

from infra.functions import FUNCTIONS
from tests.infra.template import Synthesised


def expression(on_aws: Synthesised) -> re.Pattern[str]:
    """The filter of the log, as Python has it."""
    (counted,) = on_aws.of_type("AWS::Logs::MetricFilter").values()
    pattern = counted["FilterPattern"]
    assert pattern[0] == pattern[-1] == "%"
    return re.compile(pattern.strip("%"))


def test_an_alarm_watches_the_count(on_aws: Synthesised) -> None:
    (counted,) = on_aws.of_type("AWS::Logs::MetricFilter").values()
    (transformation,) = counted["MetricTransformations"]
    names = [
        alarm["AlarmName"]
        for alarm in on_aws.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == transformation["MetricName"]
    ]
    # `dev` counts too, and has alarms on dead letters only.
    watched = on_aws.environment != "dev"
    assert names == [f"waybill-{on_aws.environment}-slow-queries"] * watched


@pytest.mark.parametrize("name", [name for name, spec in FUNCTIONS.items() if spec.role])
def test_statements_of_the_api_count_and_those_of_the_pipeline_do_not(
    on_aws: Synthesised, name: str
) -> None:
    spec = FUNCTIONS[name]
    line = (
        f"2026-11-28 07:00:00 UTC:10.0.0.7(40000):{spec.role}@waybill:[411]:LOG:"
        "  duration: 1204.113 ms  statement: SELECT 1"
    )
    shared = {other.role for other in FUNCTIONS.values() if other.package.startswith("api.")}
    assert bool(expression(on_aws).search(line)) == (spec.role in shared)
    assert not expression(on_aws).search(line.replace("duration", "connection"))
