"""`waybill cost`: the estimated cost of an environment."""

from typing import Annotated

import typer

from infra.cost.load import Load
from infra.cost.model import monthly_cost
from infra.cost.prices import AS_OF
from infra.environments import ENVIRONMENTS
from waybill_client.commands import err, out


def cost(
    env: Annotated[str, typer.Option(help="dev, staging or prod.")] = "dev",
    gb_per_day: Annotated[float, typer.Option(min=0, help="Data that arrive in a day.")] = 0,
    requests: Annotated[int, typer.Option(min=0, help="Requests of the API in a month.")] = 0,
    file_mb: Annotated[float, typer.Option(min=0.001, help="Mean size of a file.")] = 64,
) -> None:
    """Estimate what an environment on AWS costs a month, in USD, from list prices."""
    environments = {name: one for name, one in ENVIRONMENTS.items() if not one.is_local}
    if env not in environments:
        raise typer.BadParameter(f"Use one of {', '.join(environments)}.", param_hint="--env")
    load = Load(gb_per_day=gb_per_day, requests_per_month=requests, file_mb=file_mb)
    costs = monthly_cost(environments[env], load)
    for service, usd in [*costs.items(), ("together", sum(costs.values()))]:
        out.print(f"{service:<24}{usd:>12,.2f}", markup=False, highlight=False)
    err.print(f"USD a month, list prices of us-east-1, compared {AS_OF}.", style="dim")
