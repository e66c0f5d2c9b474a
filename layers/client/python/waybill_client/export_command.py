"""`waybill export`: all rows of a dataset in a file."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import httpx
import typer

from waybill_client.errors import ClientError, UnreachableError
from waybill_client.job_commands import AsJson, Connect
from waybill_client.output import print_json, print_message
from waybill_client.table_files import numbered
from waybill_client.table_pages import FORMATS, format_of, header_end

_CHUNK_BYTES = 1024 * 1024
_WAIT_SECONDS = 4 * 3600.0


def add_exports(app: typer.Typer, connect: Connect) -> None:
    """Add the command."""

    @app.command()
    def export(
        dataset: str,
        *,
        output: Annotated[Path, typer.Option("-o", help="The file to write.")],
        file_format: Annotated[
            str | None, typer.Option("--format", help="csv, jsonl, parquet or arrow.")
        ] = None,
        formulas: Annotated[
            bool, typer.Option("--keep-formulas", help="Do not escape formulas in CSV.")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Export all rows of a dataset; several files of Parquet or Arrow are numbered."""
        chosen = file_format or format_of(output.name)
        if chosen not in FORMATS:
            raise ClientError(f"--format is {', '.join(FORMATS)}.")
        keep = "keep" if formulas else "escape"
        with connect() as waybill:
            found = waybill.export(
                dataset, format=chosen, formulas=keep, timeout_seconds=_WAIT_SECONDS
            )
        if found["state"] != "COMPLETED":
            raise ClientError(str((found["error"] or {}).get("detail", "The export failed.")))
        written = download(found, output)
        if as_json:
            return print_json({**found, "written": [str(path) for path in written]})
        return print_message(f"Wrote {', '.join(map(str, written))}: {found['rows']} rows.")


def download(export: Mapping[str, Any], output: Path) -> list[Path]:
    """Download the files of an export, each checked against its SHA-256; returns the paths.

    CSV and JSON Lines become one file. What is incomplete is not left behind.

    Raises:
        ClientError: a file is not what the export says.
        UnreachableError: the storage does not respond.
    """
    files = export["files"]
    if export["format"] in ("csv", "jsonl") or len(files) == 1:
        parts = [(output, files)]
    else:
        parts = [(numbered(output, file["number"]), [file]) for file in files]
    for path, sources in parts:
        partial = path.with_name(f"{path.name}.part")
        try:
            with partial.open("wb") as target:
                for at, file in enumerate(sources):
                    skipped = at > 0 and export["format"] == "csv"
                    _append(file, target, skips_header=skipped)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return [path for path, _ in parts]


def _append(file: Mapping[str, Any], target: BinaryIO, *, skips_header: bool) -> None:
    digest = hashlib.sha256()
    header = bytearray() if skips_header else None
    try:
        with httpx.stream("GET", file["url"], timeout=60, follow_redirects=False) as response:
            if response.is_error:
                raise ClientError(f"The storage responds {response.status_code}.")
            for data in response.iter_bytes(_CHUNK_BYTES):
                digest.update(data)
                rest = data
                if header is not None:
                    header += data
                    end = header_end(header)
                    if end is None:
                        continue
                    rest, header = bytes(header[end:]), None
                target.write(rest)
    except httpx.HTTPError as error:
        raise UnreachableError(f"The storage does not respond: {error}") from error
    if digest.hexdigest() != file["sha256"]:
        raise ClientError(f"File {file['number']} is not what was exported; export again.")
