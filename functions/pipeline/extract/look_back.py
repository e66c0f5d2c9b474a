"""Where a run begins that reads an overlap again, and the cursor that it leaves.

A transaction may commit a row whose value of the incremental column is lower than that of rows
that were read before it; a record of an API may change on a page that was read, while others
follow. A run that begins a while before the last value finds it.
"""

import re
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation

from functions.pipeline.extract.database_keys import start_of
from functions.pipeline.extract.source_error import SourceError
from waybill.sources.connections import DatabaseConnection

# A double has at most so many before the point.
_DIGITS = 400
_EXACT = Context(prec=10 * _DIGITS)
# Other forms of ISO 8601, such as 20260131T120000Z, would come back in another one.
_EXTENDED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?", re.DOTALL)


def begin_before(connection: DatabaseConnection, cursor: str | None) -> str | None:
    """Where a run begins whose source has this cursor.

    Raises:
        SourceError: `refused`, the cursor is neither a number nor a time.
    """
    start = start_of(connection, cursor)
    if connection.lookback is None or not start:
        return cursor
    value = _value(start[0])
    try:
        if isinstance(value, Decimal):
            return f"{_EXACT.subtract(value, Decimal(connection.lookback)):f}"
        return (value - timedelta(seconds=connection.lookback)).isoformat(" ")
    except OverflowError:
        # There is nothing before the year 1.
        return None


def cursor_before(cursor: str, lookback: int) -> str:
    """The cursor of an API so far before this one, in the same form.

    Raises:
        SourceError: `refused`, the cursor is neither a number nor a time like
            2026-01-31T12:00:00Z.
    """
    value = _value(cursor)
    if isinstance(value, Decimal):
        return f"{_EXACT.subtract(value, Decimal(lookback)):f}"
    if not _EXTENDED.fullmatch(cursor):
        detail = "`lookback` needs times like 2026-01-31T12:00:00Z."
        raise SourceError("refused", detail)
    try:
        begin = value - timedelta(seconds=lookback)
    except OverflowError:
        return cursor
    if len(cursor) == len("2026-01-31"):
        return begin.date().isoformat()
    text = begin.isoformat(cursor[10], "auto" if "." not in cursor else "microseconds")
    return text.replace("+00:00", "Z") if cursor.endswith(("Z", "z")) else text


def later_cursor(
    connection: DatabaseConnection, before: str | None, cursor: str | None
) -> str | None:
    """The cursor that a run leaves: it does not go back, where the last rows are gone."""
    if connection.lookback is None or before is None or cursor is None:
        return cursor
    old, new = (_value(start_of(connection, one)[0]) for one in (before, cursor))
    if isinstance(old, Decimal) and isinstance(new, Decimal):
        return before if new < old else cursor
    if isinstance(old, datetime) and isinstance(new, datetime) and _alike(old, new):
        return before if new < old else cursor
    return cursor


def _alike(first: datetime, second: datetime) -> bool:
    return (first.tzinfo is None) == (second.tzinfo is None)


def _value(text: str) -> Decimal | datetime:
    try:
        number = Decimal(text)
    except InvalidOperation:
        pass
    else:
        if number.is_finite() and abs(number.adjusted()) < _DIGITS:
            return number
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        detail = "`lookback` needs incremental values that are numbers or times."
        raise SourceError("refused", detail) from None
