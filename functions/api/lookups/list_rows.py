"""List the rows of a dataset by the values of searchable columns."""

from collections.abc import Mapping

from functions.api.lookups.deps import Deps
from waybill.contract.model import Contract
from waybill.database.lookups import FoundRow, Lookups
from waybill.errors import BadRequest
from waybill.http.pagination import (
    MAX_PAGE_BYTES,
    Cursor,
    CursorText,
    Page,
    cut_page,
    response_size,
)


class RowCursor(Cursor):
    """The natural key of the last row, as text."""

    key: tuple[CursorText, ...]


def list_rows(
    deps: Deps,
    contract: Contract,
    values: Mapping[str, str],
    *,
    limit: int,
    after: RowCursor | None,
) -> Page[FoundRow]:
    """One page of rows with these values; a single query.

    Raises:
        BadRequest: `bad-cursor`, the cursor is not one of this dataset.
        Rejected: `data-refused`, a value is not of its column's type.
        Retryable: the database.
    """
    if after is not None and len(after.key) != len(contract.natural_key):
        raise BadRequest("bad-cursor", "The cursor is not one of this list.")
    rows = deps.database.run(
        lambda connection: Lookups(connection).find_rows(
            contract.name,
            values,
            after=after.key if after else None,
            limit=limit + 1,
            max_bytes=MAX_PAGE_BYTES,
        )
    )
    return cut_page(
        rows,
        limit,
        lambda row: RowCursor(key=tuple(row.key)),
        lambda row: response_size(row.item),
    )
