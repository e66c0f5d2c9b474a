"""A page ends at its limit, or before an answer grows too large."""

from typing import NamedTuple

import pytest

from functions.api.analytics.pages import cut_page
from waybill.http.cursors import Cursor, read_cursor


class Place(Cursor):
    at: int


class Numbered(NamedTuple):
    at: int
    size: int = 10

    def cursor(self) -> Place:
        return Place(at=self.at)


@pytest.mark.parametrize(
    ("there", "limit", "taken", "more"),
    [(0, 3, 0, False), (3, 3, 3, False), (4, 3, 3, True), (1, 1, 1, False)],
)
def test_limit(there: int, limit: int, taken: int, more: bool) -> None:
    page, cursor = cut_page([Numbered(at) for at in range(there)], limit)
    assert [line.at for line in page] == list(range(taken))
    assert read_cursor(cursor, Place) == (Place(at=taken - 1) if more else None)


def test_long_names_end_a_page_early_but_never_before_its_first_line() -> None:
    page, cursor = cut_page([Numbered(at, 600_000) for at in range(4)], 100)
    assert [line.at for line in page] == [0, 1]
    assert read_cursor(cursor, Place) == Place(at=1)
    page, cursor = cut_page([Numbered(at, 9_000_000) for at in range(2)], 100)
    assert [line.at for line in page] == [0]
    assert cursor is not None
