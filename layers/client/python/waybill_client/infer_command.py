"""`waybill infer`: a proposed dataset file."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from waybill_client.errors import ClientError, ProblemError
from waybill_client.job_commands import AsJson, Connect
from waybill_client.output import out, print_json, print_message
from waybill_client.send import HEAD_BYTES

_LIMITS = ("decompression-limit", "file-too-large", "sample-too-large")
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
        named = name or file.name
        found = None if whole else _infer_by_api(connect, file, named, header, infer_whole)
        if found is None and infer_whole is not None:
            found = infer_whole(file, named, header)
        assert found is not None  # noqa: S101 - of the two ways, one has read the file
        if as_json:
            return print_json(found)
        if output is None:
            return out.print(found["sql"], markup=False, highlight=False, soft_wrap=True, end="")
        output.write_text(found["sql"], encoding="utf-8")
        return print_message(f"Wrote {output}: {len(found['columns'])} columns.")


def _infer_by_api(
    connect: Connect, file: Path, name: str, header: str | None, infer_whole: InferWhole | None
) -> dict[str, Any] | None:
    """The API's proposal; None if it cannot read so large a file, which this machine can.

    Raises:
        ProblemError: the file cannot be read.
    """
    try:
        with connect() as waybill:
            return waybill.infer(file, name=name, header=header)
    except ProblemError as error:
        # Archives are unpacked, and groups of records may be larger than the API reads.
        is_large = error.code in _LIMITS and file.stat().st_size > HEAD_BYTES
        if infer_whole is None or not is_large:
            raise
        return None
