"""List the rows of a dataset by the values of searchable columns."""

from collections.abc import Mapping
from typing import NamedTuple

from functions.api.lookups.deps import Deps
from waybill.contract.model import Contract
from waybill.database.lookups import FoundRow, Lookups
from waybill.errors import BadRequest, Forbidden
from waybill.http.pagination import (
    MAX_PAGE_BYTES,
    Cursor,
    CursorText,
    Page,
    cut_page,
    response_size,
)
from waybill.http.personal_reads import View


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


def list_rows(deps: Deps, contract: Contract, query: RowsQuery) -> Page[FoundRow]:
    """One page of rows with these values; a single query.

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
    rows = deps.database.run(
        lambda connection: Lookups(connection).find_rows(
            contract.name,
            query.values,
            after=after.key if after else None,
            limit=limit + 1,
            max_bytes=MAX_PAGE_BYTES,
            masked=query.view.masked,
        )
    )
    page = cut_page(
        rows,
        limit,
        lambda row: RowCursor(key=tuple(row.key)),
        lambda row: response_size(row.item),
    )
    if page.next_cursor is not None and hides_key:
        raise _personal_key(contract)
    return page


def _personal_key(contract: Contract) -> Forbidden:
    detail = f"The key of {contract.name} is personal: only one page is shown without the right."
    return Forbidden("forbidden", detail)
