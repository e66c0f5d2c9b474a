"""`waybill rows`: rows of a dataset by the values of its searchable columns."""

from itertools import islice
from typing import Annotated

import typer

from waybill_client import tables
from waybill_client.errors import ClientError
from waybill_client.job_commands import AsJson, Connect
from waybill_client.output import print_json, print_table
from waybill_client.table_files import FileFormat, Output, chosen_format, write_pages

_PAGE_ROWS = 500


def add_rows(app: typer.Typer, connect: Connect) -> None:
    """Add the command."""

    @app.command()
    def rows(  # noqa: PLR0913 - an option each
        dataset: str,
        values: Annotated[list[str], typer.Argument(help="COLUMN=VALUE, of searchable columns.")],
        *,
        limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 1000,
        file_format: FileFormat = None,
        output: Output = None,
        as_json: AsJson = False,
    ) -> None:
        """Show the rows of a dataset with these values; all rows are an export."""
        chosen = chosen_format(file_format, output)
        found = dict(map(_pair, values))
        page = min(limit, _PAGE_ROWS)
        with connect() as waybill:
            if chosen:
                path, params = f"datasets/{dataset}/rows", {**found, "limit": page}
                pages = waybill.tables(path, params, format=chosen, most_pages=-(-limit // page))
                return write_pages(pages, chosen, output)
            items = [dict(row) for row in islice(waybill.rows(dataset, found, limit=page), limit)]
        return print_json(items) if as_json else print_table(tables.records(dataset, items))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ClientError(f"{text} is not COLUMN=VALUE.")
    return name, value
