import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from infra.bootstrap import ROOT
from infra.cost import prices
from infra.cost.load import HOURS, Load
from infra.cost.model import monthly_cost
from infra.cost.table import rows
from infra.environments import ENVIRONMENTS
from infra.functions import FUNCTIONS
from infra.local.commands import app

DEV, PROD = ENVIRONMENTS["dev"], ENVIRONMENTS["prod"]


def _sum(environment: str, load: Load) -> float:
    return sum(monthly_cost(ENVIRONMENTS[environment], load).values())


def test_an_idle_dev_costs_less_than_two_dollars() -> None:
    assert 1 < _sum("dev", Load()) < 2
    assert "Aurora compute" not in monthly_cost(DEV, Load())


def test_the_decision_about_snapstart_has_its_price() -> None:
    month = prices.SNAPSTART_GB_SECOND * HOURS * 3600
    manual = (ROOT / "infra" / "README.md").read_text()
    assert f"about {month:.2f} USD a month for each GB and published version" in manual
    # One version of every function of dev would cost more than all the rest.
    functions = sum(spec.memory_mb for spec in FUNCTIONS.values()) / 1024
    assert functions * month > _sum("dev", Load())


def test_an_idle_prod_pays_for_the_smallest_database_of_both_zones() -> None:
    costs = monthly_cost(PROD, Load())
    assert costs["Aurora compute"] == pytest.approx(2 * 0.5 * 720 * prices.ACU_HOUR)
    assert next(iter(costs)) == "Aurora compute"


def test_requests_cost_what_the_gateway_charges() -> None:
    costs = monthly_cost(DEV, Load(requests_per_month=2_000_000))
    assert costs["API Gateway"] == pytest.approx(7.0)


def test_double_the_data_costs_at_most_double() -> None:
    load = Load(gb_per_day=100)
    once, twice = _sum("prod", load), _sum("prod", replace(load, gb_per_day=200))
    assert once < twice <= 2 * once


def test_small_files_cost_more_than_large_ones() -> None:
    large, small = Load(gb_per_day=1, file_mb=64), Load(gb_per_day=1, file_mb=0.1)
    assert _sum("dev", small) > _sum("dev", large)


def test_the_manual_has_the_table() -> None:
    manual = (ROOT / "infra" / "README.md").read_text().splitlines()
    missing = [row for row in rows() if row not in manual]
    assert not missing, "run: python -m infra.cost.table"


def test_the_command_prints_each_service_and_the_sum() -> None:
    ended = CliRunner().invoke(app, ["cost", "--env", "prod", "--gb-per-day", "10"])
    assert ended.exit_code == 0
    lines = dict(line.rsplit(maxsplit=1) for line in ended.stdout.splitlines())
    assert float(lines["together"].replace(",", "")) == pytest.approx(
        _sum("prod", Load(gb_per_day=10)), abs=0.01
    )
    assert "Aurora compute" in lines


def test_the_local_stack_has_no_cost() -> None:
    ended = CliRunner().invoke(app, ["cost", "--env", "local"])
    assert ended.exit_code == 2
    assert "dev, staging, prod" in ended.output


def test_each_price_has_the_month_it_was_seen_in_or_is_marked() -> None:
    lines = (ROOT / "infra" / "cost" / "prices.py").read_text("utf-8").splitlines()
    named = {
        line.partition(" ")[0]: "#" in line
        for line in lines
        if re.match(r"[A-Z_0-9]+ = [\d.]+", line)
    }
    assert {name for name, is_dated in named.items() if not is_dated} == prices.UNCONFIRMED
