"""Where a read of a table continues: the values of its order, as JSON."""

import json
from collections.abc import Sequence

from functions.pipeline.extract.source_error import SourceError
from waybill.sources.connections import DatabaseConnection


def order_of(connection: DatabaseConnection) -> list[str]:
    """The columns that rows are read in order of: the incremental one first, then the key."""
    first = [connection.incremental] if connection.incremental else []
    return [*first, *(name for name in connection.key if name not in first)]


def start_of(connection: DatabaseConnection, position: str | None) -> list[str]:
    """The values to continue after; a cursor that an administrator gave may be one value.

    Raises:
        SourceError: `refused`, it does not fit the key.
    """
    if position is None:
        return []
    try:
        values = json.loads(position) if position.startswith("[") else [position]
    except ValueError:
        values = [position]
    if not 0 < len(values) <= len(order_of(connection)):
        raise SourceError("refused", "The cursor does not fit the key of the source.")
    return [str(value) for value in values]


def check_values(connection: DatabaseConnection, values: Sequence[object]) -> None:
    """Check that a row has all values of its order.

    Rows with NULL come first or last, and no comparison with a position finds them again: a run
    that resumes would leave them out.

    Raises:
        SourceError: `refused`.
    """
    for name, value in zip(order_of(connection), values, strict=True):
        if value is None:
            detail = f"A row has NULL in {name!r}; rows are read in order of columns without NULL."
            raise SourceError("refused", detail)


def cursor_of(connection: DatabaseConnection, position: str | None) -> str | None:
    """Where the next run begins: after the last row, or again at the first one."""
    return position if connection.incremental else None
