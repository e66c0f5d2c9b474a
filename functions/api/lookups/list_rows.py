"""List the rows of a dataset by the values of searchable columns."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from functions.api.lookups.deps import Deps
from waybill.contract.model import Contract
from waybill.database.exports import one_snapshot
from waybill.database.lookups import FindOptions, FoundRow, Lookups
from waybill.database.repository import Connection
from waybill.errors import BadRequest, Forbidden
from waybill.http.media import BINARY, Representation
from waybill.http.pagination import (
    MAX_PAGE_BYTES,
    Cursor,
    CursorText,
    Page,
    cut_page,
    response_size,
)
from waybill.http.personal_reads import View
from waybill.http.tables import MAX_BINARY_BYTES
from waybill.tables.formats import TableColumn

_LINE_END = 4
"""Bytes of a line ending in a response, which is JSON."""


class RowCursor(Cursor):
    """The natural key of the last row, as text."""

    key: tuple[CursorText, ...]


class RowsQuery(NamedTuple):
    """Which rows to list."""

    values: Mapping[str, str]
    """By column."""
    limit: int
    after: RowCursor | None
    view: View
    representation: Representation = "json"

    @property
    def is_table(self) -> bool:
        """Whether rows are read as lines of CSV, with their columns."""
        return self.representation not in ("json", "jsonl")


class RowList(NamedTuple):
    """A page of rows, and their columns if it is a table."""

    page: Page[FoundRow]
    columns: Sequence[TableColumn] = ()


def list_rows(deps: Deps, contract: Contract, query: RowsQuery) -> RowList:
    """One page of rows with these values.

    Raises:
        BadRequest: `bad-cursor`, the cursor is not one of this dataset.
        Forbidden: there are more pages, whose cursor would show a personal key.
        Rejected: `data-refused`, a value is not of its column's type.
        Retryable: the database.
    """
    limit, after = query.limit, query.after
    # A cursor has the natural key of a row, and one that was made up would compare with it.
    hides_key = query.view.masked and not set(contract.personal).isdisjoint(contract.natural_key)
    if after is not None and hides_key:
        raise _personal_key(contract)
    if after is not None and len(after.key) != len(contract.natural_key):
        raise BadRequest("bad-cursor", "The cursor is not one of this list.")
    deps.personal_reads.record(query.view, contract.name, "rows")
    rows, columns = deps.database.run(lambda connection: _read(connection, contract.name, query))
    page = cut_page(
        rows,
        limit,
        lambda row: RowCursor(key=tuple(row.key)),
        lambda row: response_size(row.item) + _LINE_END,
        MAX_BINARY_BYTES if query.representation in BINARY else MAX_PAGE_BYTES,
    )
    if page.next_cursor is not None and hides_key:
        raise _personal_key(contract)
    return RowList(page, columns)


def _read(
    connection: Connection, dataset: str, query: RowsQuery
) -> tuple[list[FoundRow], list[TableColumn]]:
    lookups = Lookups(connection)
    page: FindOptions = {
        "after": query.after.key if query.after else None,
        "limit": query.limit + 1,
        "max_bytes": MAX_PAGE_BYTES,
        "masked": query.view.masked,
    }
    if not query.is_table:
        return lookups.find_rows(dataset, query.values, **page), []
    # The columns must be those of the lines, whatever happens to the table in between.
    with one_snapshot(connection):
        columns = lookups.row_columns(dataset, masked=query.view.masked)
        escapes = query.representation == "csv"
        return lookups.find_row_lines(dataset, query.values, escapes=escapes, **page), columns


def _personal_key(contract: Contract) -> Forbidden:
    detail = f"The key of {contract.name} is personal: only one page is shown without the right."
    return Forbidden("forbidden", detail)
