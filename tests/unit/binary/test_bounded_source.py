"""A source that fetches blocks once, and not more than it may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.binary import bounded_source
from waybill.binary.bounded_source import BoundedSource
from waybill.errors import Rejected


class Counted:
    """A file that counts the bytes that are read."""

    def __init__(self, size: int) -> None:
        self.data = bytes(number % 251 for number in range(size))
        self.fetched = 0
        self.requests = 0

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        assert 0 <= offset <= offset + length <= self.size
        self.fetched += length
        self.requests += 1
        return self.data[offset : offset + length]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_source, "_BLOCK", 8)
    monkeypatch.setattr(bounded_source, "_KEPT_BLOCKS", 3)


@given(st.data())
def test_the_bytes_are_those_of_the_file(data: st.DataObject) -> None:
    whole = Counted(data.draw(st.integers(0, 99)))
    source = BoundedSource(whole, 10**9)
    assert b"".join(source.pieces()) == whole.data
    for _ in range(9):
        begin = data.draw(st.integers(0, whole.size))
        length = data.draw(st.integers(0, whole.size - begin))
        assert source.read(begin, length) == whole.data[begin : begin + length]


def test_a_block_that_is_kept_is_not_fetched_again() -> None:
    whole = Counted(80)
    source = BoundedSource(whole, 1000)
    for _ in range(5):
        source.read(3, 20)
    assert whole.fetched == 24
    source.read(40, 8)
    source.read(0, 1)
    assert whole.fetched == 24 + 8 + 8


def test_blocks_beside_each_other_are_fetched_by_one_request() -> None:
    whole = Counted(80)
    source = BoundedSource(whole, 1000)
    assert source.read(0, 80) == whole.data
    assert whole.requests == 1
    source.read(20, 8)
    # Of what follows, the blocks before and behind those that are kept.
    assert source.read(8, 32) == whole.data[8:40]
    assert whole.requests == 4


def test_more_than_the_bound_is_not_fetched() -> None:
    whole = Counted(80)
    source = BoundedSource(whole, 16)
    source.read(0, 16)
    with pytest.raises(Rejected, match="have to be read"):
        source.read(16, 1)
    assert whole.fetched == 16
