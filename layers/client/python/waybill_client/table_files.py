"""Writes lists of the API into files, or prints them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from waybill_client.errors import ClientError
from waybill_client.output import print_message
from waybill_client.table_pages import FORMATS, format_of, joined
from waybill_client.terminal import printable

FileFormat = Annotated[
    str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}; default: as -o ends.")
]
Output = Annotated[Path | None, typer.Option("-o", help="Write a file instead of a table.")]
_TEXTS = ("csv", "jsonl")


def chosen_format(file_format: str | None, output: Path | None) -> str | None:
    """The format of the file to write; None if nothing asks for one.

    Raises:
        ClientError: it is none of the formats, or of bytes for a terminal.
    """
    chosen = file_format or (format_of(output.name) if output else None)
    if chosen is not None and chosen not in FORMATS:
        raise ClientError(f"--format is {', '.join(FORMATS)}.")
    if chosen is not None and chosen not in _TEXTS and output is None:
        raise ClientError(f"{chosen} needs a file: -o FILE.")
    return chosen


def numbered(output: Path, number: int) -> Path:
    """The path of one of several files."""
    return output.with_name(f"{output.stem}-{number:05}{output.suffix}")


def write_pages(pages: Sequence[bytes], file_format: str, output: Path | None) -> None:
    """Write the pages into one file; several of Parquet or Arrow are numbered."""
    if file_format in _TEXTS:
        pages = [joined(pages, file_format)]
    if output is None:
        return write_out(pages[0])
    paths = [output] if len(pages) == 1 else [numbered(output, at + 1) for at in range(len(pages))]
    for path, data in zip(paths, pages, strict=True):
        path.write_bytes(data)
    return print_message(f"Wrote {', '.join(map(str, paths))}.")


def write_out(content: bytes) -> None:
    """Unchanged into a file or a pipe; on a terminal without control characters."""
    if sys.stdout.isatty():
        sys.stdout.write(printable(content.decode("utf-8", "backslashreplace"), keep="\r\n\t"))
    else:
        sys.stdout.buffer.write(content)
