"""Export rejects as CSV, for correction in a spreadsheet and replay."""

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from functions.api.jobs.deps import Deps
from functions.api.jobs.list_rejects import all_rejects, raw_text
from functions.api.jobs.models import RejectsQuery
from waybill.database.rejects import Reject
from waybill.errors import TooLarge
from waybill.http.csv_text import csv_lines
from waybill.http.pagination import MAX_PAGE_BYTES, response_size

_EXPORT_COLUMNS = ("_reject_id", "_line", "_column", "_reason")
_MEMBER_COLUMNS = ("_reject_id", "_member", "_line", "_column", "_reason")


class Export(NamedTuple):
    """The CSV, or its URL if it is too large for the response."""

    text: str | None
    url: str | None


def csv_page(
    rejects: Iterable[Reject], columns: Iterable[str], *, header: bool, is_archive: bool = False
) -> str:
    """The rejects as CSV: the export columns, then the dataset's columns."""
    names = list(columns)
    first = _MEMBER_COLUMNS if is_archive else _EXPORT_COLUMNS
    rows: list[list[object]] = [[*first, *names]] if header else []
    rows.extend(_row(reject, names) for reject in rejects)
    return csv_lines(rows)


def _row(reject: Reject, names: list[str]) -> list[object]:
    columns = dict.fromkeys(str(error["column"]) for error in reject.errors if error.get("column"))
    reason = "; ".join(str(error["message"]) for error in reject.errors)
    values = reject.values or {}
    if not values:
        # The record could not be split into fields, so its text is shown instead.
        reason = f"{reason} | {raw_text(reject)}"
    member = [] if reject.member is None else [reject.member]
    export = [str(reject.reject_id), *member, reject.line, "; ".join(columns), reason]
    return [*export, *(values.get(name) for name in names)]


def export_rejects(deps: Deps, query: RejectsQuery, columns: list[str], seconds: float) -> Export:
    """All rejects of the job as CSV: inline, or in the state bucket if it is too large.

    Raises:
        TooLarge: `too-many-rejects`, they could not be exported within `seconds`.
        Unavailable: the database or S3 cannot be reached.
    """
    blocks = _blocks(deps, query, columns, time.monotonic() + seconds)
    start = ""
    for block in blocks:
        start += block
        if response_size(start) > MAX_PAGE_BYTES:
            rest = map(str.encode, chain([start], blocks))
            return Export(None, deps.state.exports.put(query.job_id, rest))
    return Export(start, None)


def export_text(deps: Deps, job_id: UUID, text: str) -> Export:
    """A page of rejects as CSV; only one very long record does not fit into a response."""
    if response_size(text) <= MAX_PAGE_BYTES:
        return Export(text, None)
    return Export(None, deps.state.exports.put(job_id, iter([text.encode()])))


def _blocks(deps: Deps, query: RejectsQuery, columns: list[str], deadline: float) -> Iterator[str]:
    header = True
    for rejects in all_rejects(deps, query):
        if time.monotonic() > deadline:
            detail = "There are too many rejects for one response; use limit and cursor."
            raise TooLarge("too-many-rejects", detail)
        yield csv_page(rejects, columns, header=header, is_archive=query.is_archive)
        header = False
