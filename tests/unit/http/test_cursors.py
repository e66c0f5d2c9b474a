"""Cursors are opaque, and only those of the same list are taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.errors import BadRequest
from waybill.http.cursors import Cursor, read_cursor, write_cursor


class Named(Cursor):
    name: str
    number: int


class Numbered(Cursor):
    number: int


@given(st.text(max_size=50), st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_comes_back(name: str, number: int) -> None:
    cursor = Named(name=name, number=number)
    assert read_cursor(write_cursor(cursor), Named) == cursor


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor(None, Named) is None


@pytest.mark.parametrize("text", ["", "x", "%%%", "é", "e30", "bnVsbA", "W10", "e30=" * 300])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_cursor(text, Named)
    assert (caught.value.status, caught.value.code) == (400, "bad-cursor")


def test_the_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(BadRequest):
        read_cursor(write_cursor(Numbered(number=1)), Named)
    with pytest.raises(BadRequest):
        read_cursor(write_cursor(Named(name="a", number=1)), Numbered)
