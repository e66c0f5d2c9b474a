"""Pages of the rows of a database, bounded in rows and in bytes."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from functions.pipeline.extract.database_keys import cursor_of
from functions.pipeline.extract.page import Page
from waybill.sources.connections import DatabaseConnection

ROWS_PER_PAGE = 5000
"""Many, as each fetch takes as long as a message to the server and back."""
_PAGE_BYTES = 4 * 1024**2
# Of rows whose size is not known yet; a row may have megabytes.
_FIRST_ROWS = 8
Key = TypeVar("Key")
Fetch = Callable[[int], list[tuple[str, Key]]]
"""The next rows, so many at most: each as JSON, and what its position is made of."""


def database_pages(
    connection: DatabaseConnection,
    position: str | None,
    fetch: Fetch[Key],
    position_of: Callable[[Key], str],
) -> Iterator[Page]:
    """The pages of what `fetch` gives; one without records if it gives nothing."""
    batches = _batches(fetch)
    found = next(batches, None)
    if found is None:
        yield Page([], None, cursor_of(connection, position))
    while found is not None:
        # Whether it is the last page is known from the next one only.
        following = next(batches, None)
        reached = position_of(found[-1][1])
        records = [record for record, _ in found]
        last = None if following is None else reached
        yield Page(records, last, cursor_of(connection, reached))
        found = following


def _batches(fetch: Fetch[Key]) -> Iterator[list[tuple[str, Key]]]:
    count = _FIRST_ROWS
    while True:
        batch: list[tuple[str, Key]] = []
        size = 0
        while len(batch) < ROWS_PER_PAGE and size < _PAGE_BYTES:
            rows = fetch(min(count, ROWS_PER_PAGE - len(batch)))
            if not rows:
                if batch:
                    yield batch
                return
            batch += rows
            fetched = sum(len(record) for record, _ in rows)
            size += fetched
            count = min(_FIRST_ROWS * count, max(1, _PAGE_BYTES * len(rows) // max(1, fetched)))
        yield batch
