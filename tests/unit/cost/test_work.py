"""What a GB takes in the model of costs is what was measured."""

import pytest

from infra.cost import load as per
from tests.benchmarks.kept import read_data
from tests.benchmarks.scale_work import populated


def test_the_work_of_a_gb_is_that_of_the_largest_measured_file() -> None:
    run = read_data("scale_runs")["runs"][-1]
    plan, load, merge = (run["steps"][step] for step in ("plan", "load", "merge"))
    measured = {
        per.PLAN_SECONDS_PER_GB: plan["cpu"],
        per.LOAD_SECONDS_PER_GB: load["cpu"] + load["server_cpu"],
        per.COPY_SECONDS_PER_GB: load["server_cpu"],
        per.MERGE_SECONDS_PER_GB: merge["server_cpu"],
    }
    for modelled, seconds in measured.items():
        assert modelled == pytest.approx(seconds / run["gb"], rel=0.25)
    assert pytest.approx(populated(), rel=0.25) == per.MERGE_INTO_ROWS
