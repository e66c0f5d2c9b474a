"""`waybill datasets`, `analytics`, `redrive`, and `doctor` of the installed client."""

from typing import Annotated, Any

import typer

from waybill_client import tables
from waybill_client.errors import ClientError
from waybill_client.job_commands import AsJson, Connect
from waybill_client.output import FAILED, print_json, print_lines, print_message, print_table
from waybill_client.suggest import nearest_name
from waybill_client.table_files import FileFormat, Output, chosen_format, write_pages

_QUARTERS, _ABOVE = "analytics/hired/by-quarter", "analytics/departments/above-average"
Year = Annotated[int, typer.Option(help="Year of the hires, in UTC.")]


def add_services(app: typer.Typer, connect: Connect) -> None:
    """Add the commands."""
    _add_datasets(app, connect)
    _add_redrive(app, connect)
    app.add_typer(_analytics(connect), name="analytics")


def _add_datasets(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def datasets(
        name: Annotated[str | None, typer.Argument(help="Show the columns of this one.")] = None,
        as_json: AsJson = False,
    ) -> None:
        """List the datasets, or show the columns of one."""
        with connect() as waybill:
            items = waybill.datasets()
        if name is not None:
            items = [one for one in items if one["name"] == name] or _unknown(name, items)
        if as_json:
            return print_json(items if name is None else items[0])
        if name is None:
            return print_lines(str(item["name"]) for item in items)
        return print_table(tables.records(name, _columns(items[0])))


def _unknown(name: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = nearest_name(name, (str(one["name"]) for one in items))
    raise ClientError(f"There is no dataset {name}. {known}")


def _columns(dataset: dict[str, Any]) -> list[dict[str, Any]]:
    schema = dataset["schema"]
    required = set(schema.get("required", ()))
    return [
        {
            "column": name,
            "type": one.get("format") or _type(one),
            "required": "yes" if name in required else "",
            "key": "yes" if name in dataset["natural_key"] else "",
            "description": one.get("description") or "",
        }
        for name, one in schema["properties"].items()
    ]


def _type(schema: dict[str, Any]) -> str:
    kinds = schema.get("type") or [one.get("type", "") for one in schema.get("anyOf", ())]
    names = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(str(kind) for kind in names if kind and kind != "null")


def _add_redrive(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def redrive(
        queue: Annotated[
            str | None, typer.Option(help="landed, chunks, merges or extracts. Default: all.")
        ] = None,
        prefix: Annotated[
            str | None, typer.Option(help="Instead: process the objects under landing/… again.")
        ] = None,
        since: Annotated[
            str | None, typer.Option(help="Objects modified since, e.g. 2026-03-01T00:00:00Z.")
        ] = None,
        until: Annotated[str | None, typer.Option(help="Objects modified before.")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Retry failed messages, or process objects again; nothing is loaded twice."""
        if prefix is None and (since or until):
            raise ClientError("--since and --until require --prefix landing/…")
        with connect() as waybill:
            if prefix is not None:
                sent = {"objects": waybill.redrive_objects(prefix, since=since, until=until)}
            else:
                sent = waybill.redrive(queue)
        if as_json:
            return print_json(sent)
        if prefix is not None:
            return print_message(f"Sent {sent['objects']} objects.")
        for name, count in sent.items():
            print_message(f"{name}: {count} messages sent.")
        return None


def add_doctor(app: typer.Typer, connect: Connect) -> None:
    """Add `doctor`, which checks the API and the login."""

    @app.command()
    def doctor(as_json: AsJson = False) -> None:
        """Check the API and the login, and say what to mend; exits with 1 if there is anything."""
        with connect() as waybill:
            health = waybill.health()
            found: dict[str, Any] = {"health": health, "datasets": len(waybill.datasets())}
        is_well = health.get("status") == "ok"
        if as_json:
            print_json(found)
        else:
            print_lines(
                [f"health    {health.get('status')}", f"datasets  {found['datasets']} are readable"]
            )
        if not is_well:
            raise typer.Exit(FAILED)


def _analytics(connect: Connect) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Figures of the hires.")
    _add_quarterly(app, connect)
    _add_departments(app, connect)
    return app


def _add_quarterly(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def quarterly(
        year: Year = 2021,
        file_format: FileFormat = None,
        output: Output = None,
        as_json: AsJson = False,
    ) -> None:
        """Hires by department, job and quarter."""
        chosen = chosen_format(file_format, output)
        with connect() as waybill:
            if chosen:
                pages = waybill.tables(_QUARTERS, {"year": year}, format=chosen)
                return write_pages(pages, chosen, output)
            figures = waybill.hires_by_quarter(year)
        if as_json:
            return print_json(figures)
        return print_table(tables.figures(f"Hires of {year} by quarter", figures))


def _add_departments(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def departments(
        year: Year = 2021,
        mean_over: Annotated[str, typer.Option(help="hiring, or all departments.")] = "hiring",
        file_format: FileFormat = None,
        output: Output = None,
        as_json: AsJson = False,
    ) -> None:
        """Departments with more hires than the mean."""
        chosen = chosen_format(file_format, output)
        with connect() as waybill:
            if chosen:
                params = {"year": year, "mean_over": mean_over}
                return write_pages(waybill.tables(_ABOVE, params, format=chosen), chosen, output)
            figures = waybill.departments_above_average(year, mean_over=mean_over)
        if as_json:
            return print_json(figures)
        return print_table(tables.figures(f"Departments above the mean of {year}", figures))
