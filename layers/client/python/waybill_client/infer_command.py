"""`waybill infer`: a proposed dataset file."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from waybill_client.errors import ClientError
from waybill_client.job_commands import AsJson, Connect
from waybill_client.output import out, print_json, print_message

InferWhole = Callable[[Path, str, str | None], dict[str, Any]]
"""Proposes a dataset from a whole file, its name and whether it has a header."""


def add_infer(app: typer.Typer, connect: Connect, infer_whole: InferWhole | None) -> None:
    """Add the command; only the source tree can read a file as a whole."""

    @app.command()
    def infer(  # noqa: PLR0913 - an option each
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
        *,
        name: Annotated[str | None, typer.Option(help="Of the dataset. Default: the file's.")] = (
            None
        ),
        header: Annotated[str | None, typer.Option(help="present or absent.")] = None,
        output: Annotated[Path | None, typer.Option("-o", help="Write the SQL here.")] = None,
        whole: Annotated[
            bool, typer.Option("--whole", help="Read all of the file, here, without the API.")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Propose a dataset for a file: its table, key and formats, with the evidence."""
        if whole and infer_whole is None:
            raise ClientError("--whole needs the source tree: .venv/bin/waybill infer --whole FILE")
        if whole and infer_whole is not None:
            found = infer_whole(file, name or file.name, header)
        else:
            with connect() as waybill:
                found = waybill.infer(file, name=name, header=header)
        if as_json:
            return print_json(found)
        if output is None:
            return out.print(found["sql"], markup=False, highlight=False, soft_wrap=True, end="")
        output.write_text(found["sql"], encoding="utf-8")
        return print_message(f"Wrote {output}: {len(found['columns'])} columns.")
