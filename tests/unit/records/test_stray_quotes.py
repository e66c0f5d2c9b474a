"""Warnings of quoted fields that contain what looks like records, anywhere in a file."""

import pytest

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file

WORDS = contract(column("code", "text", nullable=False), column("label", "text"))
ROWS = b"".join(b"%d,n\n" % number for number in range(300))
SWALLOWED = b'a,"x\n' + ROWS + b'b,y"\n'


@pytest.mark.parametrize("before", [0, 200_000])
@pytest.mark.parametrize("after", [b"", b"c,z\n"])
@pytest.mark.parametrize("chunk_bytes", [None, 1 << 20])
def test_a_quoted_field_that_contains_records_gives_a_warning(
    before: int, after: bytes, chunk_bytes: int | None
) -> None:
    data = b"code,label\n" + b"10001,ab\n" * before + SWALLOWED + after
    (warning,) = read_file(WORDS, data, chunk_bytes=chunk_bytes).warnings
    assert f"line {before + 2} spans 302 lines, 302 of which look like records" in warning


@pytest.mark.parametrize(
    "record",
    [
        b'a,"' + b"A line of text.\n" * 300 + b'"\n',
        b'a,"' + b"one, two\n" * 8 + b'"\n',
        b'a,"x"\n' + b"\n" * 300 + b'b,"y"\n',
    ],
    ids=["prose", "few-lines", "blank-lines"],
)
def test_a_long_text_gives_no_warning(record: bytes) -> None:
    assert read_file(WORDS, b"code,label\n" + record).warnings == []
