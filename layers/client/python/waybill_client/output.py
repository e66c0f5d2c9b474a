"""What the commands print: results to standard output, messages to standard error."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType

from waybill_client.terminal import printable, printable_json

out = Console()
err = Console(stderr=True)

# Exit codes, besides 2 for wrong usage, which is click's.
FAILED = 1
"""A request or a job failed, or every record of a file was rejected."""
UNREACHABLE = 3
"""No response, or none in time: the same command may succeed later."""
_WIDEST = 240
INTERRUPTED = 130
"""Ctrl-C, as shells report it."""


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print `value` as JSON."""
    sys.stdout.write(printable_json(value) + "\n")


def print_message(message: str, style: str | None = None) -> None:
    """Print a message; nothing in it is interpreted or wrapped."""
    err.print(printable(message, keep="\n"), style=style, markup=False, soft_wrap=True)


def print_error(message: str) -> None:
    """Print an error."""
    print_message(message, "red")


def print_lines(lines: Iterable[str]) -> None:
    """Print a result line by line."""
    out.print("\n".join(map(printable, lines)), markup=False, highlight=False, soft_wrap=True)


def print_table(table: RenderableType, console: Console = out) -> None:
    """Print a table; no word is broken, so on a narrow terminal the lines are longer than it."""
    least = Console(width=_WIDEST).measure(table).minimum
    if least > console.width:
        console = Console(file=console.file, width=least, force_terminal=console.is_terminal)
    console.print(table)
