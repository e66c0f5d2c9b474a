"""Cursors are opaque and belong to one list; a page ends at its limit or its size."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.errors import BadRequest
from waybill.http.pagination import (
    Cursor,
    cut_page,
    decode_cursor,
    document_size,
    encode_cursor,
    response_size,
)


class Named(Cursor):
    name: str
    number: int


class Numbered(Cursor):
    number: int


@given(st.text(max_size=50), st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_round_trips(name: str, number: int) -> None:
    cursor = Named(name=name, number=number)
    assert decode_cursor(encode_cursor(cursor), Named) == cursor


def test_no_cursor_is_the_first_page() -> None:
    assert decode_cursor(None, Named) is None


@pytest.mark.parametrize("text", ["", "x", "%%%", "é", "e30", "bnVsbA", "W10", "e30=" * 300])
def test_an_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_cursor(text, Named)
    assert (caught.value.status, caught.value.code) == (400, "bad-cursor")


def test_the_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(BadRequest):
        decode_cursor(encode_cursor(Numbered(number=1)), Named)
    with pytest.raises(BadRequest):
        decode_cursor(encode_cursor(Named(name="a", number=1)), Numbered)


@pytest.mark.parametrize(
    ("rows", "limit", "count", "has_more"),
    [(0, 3, 0, False), (3, 3, 3, False), (4, 3, 3, True), (1, 1, 1, False)],
)
def test_a_page_ends_at_its_limit(rows: int, limit: int, count: int, has_more: bool) -> None:
    page = cut_page(range(rows), limit, lambda row: Numbered(number=row), lambda _: 0)
    assert page.items == list(range(count))
    expected = Numbered(number=count - 1) if has_more else None
    assert decode_cursor(page.next_cursor, Numbered) == expected


def test_long_rows_end_a_page_early_but_not_before_its_first_row() -> None:
    def cut(size: int) -> tuple[list[int], Numbered | None]:
        page = cut_page(range(4), 100, lambda row: Numbered(number=row), lambda _: size, 1000)
        return page.items, decode_cursor(page.next_cursor, Numbered)

    assert cut(400) == ([0, 1], Numbered(number=1))
    assert cut(9000) == ([0], Numbered(number=0))


@given(st.text())
def test_the_size_of_a_text_includes_its_json_escapes(text: str) -> None:
    # Lambda's runtime escapes the body, and nothing beyond ASCII.
    escaped = json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False).encode()
    assert document_size(text) == len(escaped) - 2
    assert response_size('"ä"\r\n') == len(json.dumps('"ä"\r\n', ensure_ascii=False).encode()) - 2
