"""`waybill preview`: the first records of a file before and after the rules of a dataset."""

from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Group

from waybill_client import tables
from waybill_client.file_arguments import files_of
from waybill_client.job_commands import AsJson, Connect
from waybill_client.job_output import drift_sentence
from waybill_client.models import Preview, PreviewedRecord, Reject
from waybill_client.output import FAILED, print_json, print_message, print_table
from waybill_client.upload_command import Delimiter, Encoding


def add_preview(app: typer.Typer, connect: Connect) -> None:
    """Add the command."""

    @app.command()
    def preview(  # noqa: PLR0913 - an option each
        dataset: str,
        file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
        *,
        source: Annotated[
            str | None, typer.Option(help="Apply the rules of this data source, too.")
        ] = None,
        delimiter: Delimiter = None,
        encoding: Encoding = None,
        as_json: AsJson = False,
    ) -> None:
        """Show the first 20 records of a file before and after the rules of a dataset.

        Nothing is loaded. Exits with 1 if every record would be rejected.
        """
        with files_of([file], "stdin") as files, connect() as waybill:
            shown = waybill.preview(
                dataset, files[0], source=source, delimiter=delimiter, encoding=encoding
            )
        if as_json:
            print_json(shown)
        else:
            print_table(_table(Path(file).name, shown))
            _print_messages(shown)
        if shown["records"] and all(one["outcome"] == "rejected" for one in shown["records"]):
            raise typer.Exit(FAILED)


def _table(name: str, shown: Preview) -> Group:
    """A line for each record; a cell has the text, and the value where the rules change it."""
    # Looked-up and generated values are no columns of the file.
    added = (name for record in shown["records"] for name in record["after"] or ())
    columns = list(dict.fromkeys((*shown["columns"], *added)))
    table = tables.empty_table(("line", "outcome", *columns), ())
    for record in shown["records"]:
        before, after = record["before"] or {}, record["after"]
        cells = [
            _text(before.get(one)) if after is None else _change(before.get(one), after.get(one))
            for one in columns
        ]
        table.add_row(*map(tables.cell_text, (record["line"], _outcome(record), *cells)))
    shown_records = tables.titled(f"First records of {name}", table)
    # They have what a table of rejects shows.
    refused = [cast("Reject", record) for record in shown["records"] if record["errors"]]
    if not refused:
        return shown_records
    return Group(shown_records, tables.rejects(refused, "Not loaded, or not yet"))


def _outcome(record: PreviewedRecord) -> str:
    return f"{record['outcome']}: {record['rule']}" if record["rule"] else record["outcome"]


def _change(before: object, after: object) -> str:
    """The value, after the text that it was made of if they differ."""
    old, new = _text(before), _text(after)
    return new if before is None or old == new else f"{old} → {new or 'null'}"


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _print_messages(shown: Preview) -> None:
    for warning in shown["warnings"]:
        print_message(f"warning: {warning}", "yellow")
    for drift in shown["drift"]:
        print_message(drift_sentence(drift), "yellow")
