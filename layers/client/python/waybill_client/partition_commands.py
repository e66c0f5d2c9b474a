"""`waybill partitions`, `lake-ddl` and `restore-partition`: what of a dataset is archived."""

from typing import Annotated, Any

import typer

from waybill_client import tables
from waybill_client.errors import ClientError
from waybill_client.job_commands import AsJson, Connect, Seconds
from waybill_client.output import out, print_json, print_message, print_table

_WAIT_SECONDS = 4 * 3600.0


def add_partitions(app: typer.Typer, connect: Connect) -> None:
    """Add the commands."""
    _add_list(app, connect)
    _add_ddl(app, connect)
    _add_restore(app, connect)


def _add_list(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def partitions(dataset: str, as_json: AsJson = False) -> None:
        """List the partitions of a dataset that are archived, or were."""
        with connect() as waybill:
            items = waybill.partitions(dataset)
        if as_json:
            return print_json(items)
        return print_table(tables.records(f"Archived of {dataset}", [_row(one) for one in items]))


def _row(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "partition": item["partition"],
        "state": item["state"],
        "rows": "" if item["rows"] is None else item["rows"],
        "folder": item["folder"] or "",
        "error": (item["error"] or {}).get("detail", ""),
    }


def _add_ddl(app: typer.Typer, connect: Connect) -> None:
    @app.command("lake-ddl")
    def lake_ddl(dataset: str, as_json: AsJson = False) -> None:
        """Print the statement that lets Athena read the archived partitions of a dataset."""
        with connect() as waybill:
            found = waybill.athena_table(dataset)
        if found is None:
            raise ClientError(f"No partition of {dataset} is or can be archived.")
        if as_json:
            return print_json(found)
        for one in found["left_out"]:
            print_message(f"Column {one['column']} is left out: {one['reason']}.")
        for label in found["not_read"]:
            print_message(f"Partition {label} is not read: its folder is another.")
        return out.print(found["statement"], markup=False, highlight=False, soft_wrap=True)


def _add_restore(app: typer.Typer, connect: Connect) -> None:
    @app.command("restore-partition")
    def restore_partition(
        dataset: str,
        partition: Annotated[str, typer.Argument(help="As `partitions` names it, such as 2019.")],
        *,
        keep_days: Annotated[
            int, typer.Option("--keep-days", help="Days until it may be archived again.", min=1)
        ] = 30,
        timeout: Seconds = _WAIT_SECONDS,
        as_json: AsJson = False,
    ) -> None:
        """Restore an archived partition into its table, compared with what was archived."""
        with connect() as waybill:
            found = waybill.restore_partition(
                dataset, partition, keep_days=keep_days, timeout_seconds=timeout
            )
        if found["state"] != "RESTORED":
            raise ClientError(str((found["error"] or {}).get("detail", "It was not restored.")))
        if as_json:
            return print_json(found)
        return print_message(f"Restored {dataset} {partition}: {found['rows']} rows.")
