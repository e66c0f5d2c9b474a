"""Fields of every dialect of CSV, in any encoding, against a slow reference."""

import gzip

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file
from tests.unit.records import reference
from tests.unit.records.dialects import DIALECTS, ESCAPED
from waybill.contract.model import Contract
from waybill.records.grammar import Fault
from waybill.records.marks import Marks

NULL_WORDS = ("NA", "\\N", "^N", "a\\,", '"')
# Among them those that windows-1252 writes as the bytes that stand for escapes.
LETTERS = ["a", "N", "n", "t", "0", "NA", "é", "øùúûüýþÿÀÁõö÷", " ", "\t", "\n", "\r", "\r\n", ","]
MARKED = ["'", '"', "\\", "^", "\\N", "^N", "\\\\N", "\\,", "^'", '""', "''", "a,a\n", "\\\n"]
texts = st.lists(st.sampled_from([*LETTERS, *MARKED, "\0"]), max_size=40).map("".join)
CODECS = {
    "utf-8": "utf-8",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16-be": "utf-16-be",
}


def things(marks: Marks, **more: object) -> Contract:
    """Two columns of text, in this dialect."""
    given = {
        "header": "absent",
        "file_format": "csv",
        "delimiter": marks.delimiter,
        "quote": marks.quote,
        "escape": marks.escape,
        "escape_codes": marks.has_codes,
        "null_words": NULL_WORDS,
        "skip_blank_records": False,
    }
    return contract(column("a", "text"), column("b", "text"), **{**given, **more})


def code(seen: reference.Seen, fields: list[tuple[str, str]], marks: Marks) -> str | None:
    if seen.fault is not Fault.OK:
        return seen.fault.name.lower()
    if any(reference.escapes_quote_outside(written, marks) for written, _ in fields):
        return "quote_in_field"
    if "\0" in "".join(text for _, text in fields):
        return "nul_byte"
    return None if len(fields) == 2 else "field_count"


def value(written: str, marks: Marks, *, trims: bool) -> str | None:
    is_quoted = marks.quote is not None and written.startswith(marks.quote)
    if trims and not is_quoted:
        written = written.strip(" \t")
    ((_, text),) = reference.fields(written, marks)
    return None if not is_quoted and written in ("", *NULL_WORDS) else text


@given(
    texts,
    st.sampled_from(sorted(DIALECTS)),
    st.sampled_from(sorted(CODECS)),
    st.booleans(),
    st.booleans(),
    st.tuples(st.integers(1, 60), st.none() | st.integers(1, 60)),
)
@settings(max_examples=2500, deadline=None)
@example("a,ü\\,\n", "backslashes", "windows-1252", True, True, (1, 1))
def test_every_field_is_that_of_the_reference(  # noqa: PLR0913, PLR0917 - what may differ
    text: str, name: str, encoding: str, trims: bool, packed: bool, sizes: tuple[int, int | None]
) -> None:
    marks = DIALECTS[name]
    text = "x,x\n" + text
    data = text.encode(CODECS[encoding])
    file = read_file(
        things(marks, trim=trims),
        gzip.compress(data) if packed else data,
        block=sizes[0],
        chunk_bytes=sizes[1],
        encoding=encoding,
    )
    rows = {row["_waybill_line"]: (row["a"], row["b"]) for row in file.rows}
    for seen in reference.read(text.encode(), marks):
        fields = reference.fields(seen.raw.decode(), marks)
        if expected := code(seen, fields, marks):
            assert file.codes(seen.line) == [(None, expected)]
            assert file.rejects[seen.line]["raw"] == seen.raw
        else:
            assert rows.pop(seen.line) == tuple(
                value(each, marks, trims=trims) for each, _ in fields
            )
    assert not rows


def read(data: bytes, marks: Marks, **more: object) -> File:
    return read_file(things(marks, **more), data)


@pytest.mark.parametrize("marks", ESCAPED.values(), ids=list(ESCAPED))
def test_a_null_word_is_compared_as_it_is_written(marks: Marks) -> None:
    e = marks.escape
    text = f"{e}N,1\n{e}{e}N,2\n {e}N ,3\nx{e}N,4\n{e}n,5\n"
    words = [row["a"] for row in read(text.encode(), marks, null_words=(f"{e}N",)).rows]
    control = "\n" if marks.has_codes else f"{e}n"
    two = f"{e}{e}N" if marks.escapes_in_quotes else f"{e}N"
    assert words == [None, two, None, f"x{e}N", control]
    assert read(f"{e}N,\n".encode(), marks, null_words=()).values == [(f"{e}N", None)]


def test_a_null_word_may_contain_an_escape() -> None:
    marks = DIALECTS["backslashes"]
    file = read(b"a\\,b,a\\,\n\\\\,\\\n\n", marks, null_words=("a\\,b", "\\\\"))
    assert file.values == [(None, "a,"), (None, "\n")]


def test_a_quoted_null_word_is_a_value() -> None:
    marks = DIALECTS["quotes and backslashes"]
    assert read(b'"\\N",\\N\n', marks).values == [("\\N", None)]


def test_codes_stand_for_control_characters() -> None:
    data = rb"\b\f\n\r\t\v,\x\\n\,\N" + b"\n"
    codes, none = DIALECTS["codes"], DIALECTS["backslashes"]
    assert read(data, codes).values == [("\b\f\n\r\t\v", "\\x\\n,\\N")]
    assert read(data, none).values == [("\\b\\f\\n\\r\\t\\v", "\\x\\n,\\N")]
    assert read(b"\\0,\n\\\\0,\n", codes).codes(1) == [(None, "nul_byte")]
    assert read(b"\\0,\n", none).values == [("\\0", None)]


def test_escaped_blanks_are_trimmed_only_if_they_are_blanks() -> None:
    marks = Marks("\t", None, "\\", has_codes=True)
    assert read(b" a\\t \t\\\tb\\\t\n", marks).values == [("a\t", "\tb\t")]


def test_lines_are_those_of_an_editor() -> None:
    data = b"a\\\nb,c\r\n'd\ne\\\r\nf',\\\rg\nh,i,j\nk,\\\n"
    file = read(data, Marks(",", "'", "\\", has_codes=True))
    assert [row["_waybill_line"] for row in file.rows] == [1, 3, 8]
    assert file.values[1:] == [("d\ne\r\nf", "\rg"), ("k", "\n")]
    assert file.codes(7) == [(None, "field_count")]


def test_a_file_of_single_bytes_keeps_those_that_stand_for_escapes() -> None:
    letters = bytes([0xC0, 0xC1, *range(0xF5, 0x100)])
    data = b"a\\," + letters + b"\\\\," + letters + b"\n"
    marks = DIALECTS["codes"]
    file = read(data, marks, encoding="windows-1252")
    text = letters.decode("cp1252")
    assert file.values == [(f"a,{text}\\", text)]
    assert read(data, marks).codes(1) == [(None, "invalid_utf8")]
    for number in letters:
        file = read(b"\\\\," + bytes([number]) + b"\n", marks)
        assert file.rejects[1]["raw"] == b"\\\\," + bytes([number])


@pytest.mark.parametrize("delimiter", ["\x01", "\t", "|", "~", " ", ".", "\x7f"])
def test_any_delimiter_in_any_dialect(delimiter: str) -> None:
    for marks in DIALECTS.values():
        mine = marks._replace(delimiter=delimiter)
        escapes = mine.escape and not mine.escapes_in_quotes
        escaped = f"{mine.escape}{delimiter}" if escapes else "x"
        quoted = f"{mine.quote}{delimiter}{mine.quote}" if mine.quote else "x"
        data = f"{escaped}y{delimiter}{quoted}\n".encode()
        expected = (f"{delimiter if escapes else 'x'}y", delimiter if mine.quote else "x")
        assert read(data, mine).values == [expected]


def test_an_escape_is_data_outside_quotes() -> None:
    data = b'\\\\server\\a,"\\\\server\\a"\nb\\,"c\\"d\\\n,\\,"\n'
    file = read(data, DIALECTS["quotes and backslashes"])
    assert file.values == [("\\\\server\\a", "\\server\\a"), ("b\\", 'c"d\\\n,\\,')]


@pytest.mark.parametrize("record", [rb"a\"b,c", rb"\"a,b", rb'"a","b"\"', rb"a,\\\""])
def test_a_quote_after_an_escape_outside_quotes_is_malformed(record: bytes) -> None:
    file = read(record + b"\nx,y\n", DIALECTS["quotes and backslashes"])
    assert file.codes(1) == [(None, "quote_in_field")]
    assert file.rejects[1]["raw"] == record
    assert file.values == [("x", "y")]


def test_a_byte_of_no_text_is_no_escaped_quote() -> None:
    marks = DIALECTS["quotes and backslashes"]
    for number in (0xF9, 0xFF):
        assert read(b"a," + bytes([number]) + b"\n", marks).codes(1) == [(None, "invalid_utf8")]
