"""The table of costs in `infra/README.md`: `python -m infra.cost.table` updates it."""

import re

from infra.bootstrap import ROOT
from infra.cost.load import Load
from infra.cost.model import monthly_cost
from infra.environments import ENVIRONMENTS

_MANUAL = ROOT / "infra" / "README.md"
_ROWS = (
    ("`dev`, idle", "dev", Load()),
    (
        "`dev`, 100 MB a day, 100,000 requests",
        "dev",
        Load(gb_per_day=0.1, requests_per_month=100_000),
    ),
    ("`prod`, idle", "prod", Load()),
    (
        "`prod`, 10 GB a day, 1 million requests",
        "prod",
        Load(gb_per_day=10, requests_per_month=1_000_000),
    ),
    (
        "`prod`, 100 GB a day, 5 million requests",
        "prod",
        Load(gb_per_day=100, requests_per_month=5_000_000),
    ),
    (
        "`prod`, 10 GB an hour, 5 million requests",
        "prod",
        Load(gb_per_day=240, requests_per_month=5_000_000),
    ),
    (
        "`prod`, 500 GB a day, 10 million requests",
        "prod",
        Load(gb_per_day=500, requests_per_month=10_000_000),
    ),
)
_TABLE = re.compile(r"\| environment and load \|.*?(?=\n\n)", re.DOTALL)


def rows() -> list[str]:
    """The lines of the table."""
    lines = ["| environment and load | USD a month | most of it |", "| --- | --- | --- |"]
    for name, environment, load in _ROWS:
        costs = monthly_cost(ENVIRONMENTS[environment], load)
        largest = ", ".join(f"{service} {usd:,.2f}" for service, usd in list(costs.items())[:3])
        lines.append(f"| {name} | {sum(costs.values()):,.2f} | {largest} |")
    return lines


def main() -> None:
    """Write the table into the manual."""
    text = _MANUAL.read_text("utf-8")
    _MANUAL.write_text(_TABLE.sub(lambda _: "\n".join(rows()), text), "utf-8")


if __name__ == "__main__":
    main()
