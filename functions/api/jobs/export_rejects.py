"""Export rejects as CSV, for correction in a spreadsheet and replay."""

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from functions.api.jobs.deps import Deps
from functions.api.jobs.list_rejects import all_rejects, raw_text
from waybill.database.rejects import Reject
from waybill.errors import TooLarge
from waybill.http.csv_text import csv_lines

# Lambda's response limit is 6 MB, and JSON escapes make the text longer.
INLINE_BYTES = 4_000_000
_EXPORT_COLUMNS = ("_reject_id", "_line", "_column", "_reason")


class Export(NamedTuple):
    """The CSV, or its URL if it is too large for the response."""

    text: str | None
    url: str | None


def csv_page(rejects: Iterable[Reject], columns: Iterable[str], *, header: bool) -> str:
    """The rejects as CSV: the four export columns, then the dataset's columns."""
    names = list(columns)
    rows: list[list[object]] = [[*_EXPORT_COLUMNS, *names]] if header else []
    rows.extend(_row(reject, names) for reject in rejects)
    return csv_lines(rows)


def _row(reject: Reject, names: list[str]) -> list[object]:
    columns = dict.fromkeys(str(error["column"]) for error in reject.errors if error.get("column"))
    reason = "; ".join(str(error["message"]) for error in reject.errors)
    values = reject.values or {}
    if not values:
        # The record could not be split into fields, so its text is shown instead.
        reason = f"{reason} | {raw_text(reject)}"
    export: list[object] = [str(reject.reject_id), reject.line, "; ".join(columns), reason]
    return [*export, *(values.get(name) for name in names)]


def export_rejects(deps: Deps, job_id: UUID, columns: list[str], seconds: float) -> Export:
    """All rejects of the job as CSV: inline, or above 4 MB in the state bucket.

    Raises:
        TooLarge: `too-many-rejects`, they could not be exported within `seconds`.
        Unavailable: the database or S3 cannot be reached.
    """
    blocks = _blocks(deps, job_id, columns, time.monotonic() + seconds)
    start = bytearray()
    for block in blocks:
        start += block
        if len(start) > INLINE_BYTES:
            deps.state.exports.put(job_id, chain([bytes(start)], blocks))
            return Export(None, deps.state.exports.url(job_id))
    return Export(start.decode(), None)


def _blocks(deps: Deps, job_id: UUID, columns: list[str], deadline: float) -> Iterator[bytes]:
    header = True
    for rejects in all_rejects(deps, job_id):
        if time.monotonic() > deadline:
            detail = "There are too many rejects for one response; use limit and cursor."
            raise TooLarge("too-many-rejects", detail)
        yield csv_page(rejects, columns, header=header).encode()
        header = False
