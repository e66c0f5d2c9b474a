"""Headers, delimiters and parts of files in other dialects than the standard one."""

import gzip
from itertools import pairwise

import pytest

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file
from tests.unit.records.dialects import DIALECTS
from waybill.contract.model import Contract
from waybill.errors import BadRequest, Rejected
from waybill.records.block import Block
from waybill.records.layout import Layout
from waybill.records.marks import STANDARD_QUOTES
from waybill.records.reading import TextRange, read_part, read_records
from waybill.records.sniffer import sniff_layout

WORDS = contract(
    column("code", "int4", nullable=False), column("label", "text"), aliases={"the, label": "label"}
)
APOSTROPHES = {"quote": "'", "escape": "^"}
POSTGRES = {"quote": None, "escape": "\\", "escape_codes": True, "null_words": ("\\N",)}


def words(**more: object) -> Contract:
    return WORDS.model_copy(update=more)


def rows(file: File) -> list[tuple[object, ...]]:
    assert not file.rejects
    return [(row["_waybill_line"], row["code"], row["label"]) for row in file.rows]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_names_are_unquoted_and_unescaped(end: str) -> None:
    quoted = f"'code','the, label'{end}1,'a^'^^,'{end}".encode()
    assert rows(read_file(words(**APOSTROPHES), quoted)) == [(2, 1, "a'^,")]
    escaped = f"the\\, label,code{end}a\\,\\{end}\\N,1{end}\\N,2{end}".encode()
    file = read_file(words(**POSTGRES), escaped)
    assert rows(file) == [(2, 1, f"a,{end}\\N"), (4, 2, None)]


def test_a_header_with_an_escaped_line_ending_spans_lines() -> None:
    things = words(**POSTGRES, aliases={"the\nlabel": "label"})
    file = read_file(things, b"code\tthe\\\nlabel\n1\tx\n")
    assert rows(file) == [(3, 1, "x")]


def test_a_header_is_found_below_a_title() -> None:
    data = b"sep=;\nThe 'words' of\\; May\n\ncode;label\n1;\"x\"\n"
    file = read_file(words(**POSTGRES), data)
    assert rows(file) == [(5, 1, '"x"')]
    assert "The 'words' of;" in file.layout.warnings[1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_any_dialect(delimiter: str) -> None:
    data = f"code{delimiter}label\n1{delimiter}'a{delimiter}b'\n".encode()
    file = read_file(words(**APOSTROPHES), data)
    assert (file.layout.delimiter, file.layout.quote, file.layout.escape) == (delimiter, "'", "^")
    assert rows(file) == [(2, 1, f"a{delimiter}b")]


def test_a_quote_is_not_taken_for_the_delimiter() -> None:
    file = read_file(words(quote="|", escape=";"), b"code\tlabel\n1\t|a;|b|\n")
    assert (file.layout.delimiter, rows(file)) == ("\t", [(2, 1, "a|b")])


@pytest.mark.parametrize("delimiter", ["'", "^", "a", "7", "\n"])
def test_a_delimiter_that_is_quote_or_escape_is_refused(delimiter: str) -> None:
    with pytest.raises(BadRequest, match="bad-delimiter"):
        sniff_layout(b"1'x", words(**APOSTROPHES), whole=True, delimiter=delimiter)


def test_without_quotes_a_quote_may_separate_fields() -> None:
    assert rows(read_file(words(**POSTGRES), b'code"label\n1"x\n', delimiter='"')) == [(2, 1, "x")]


def test_the_first_cells_of_a_long_record_are_those_of_the_dialect() -> None:
    things = contract(*map(column, "abc", ("int4", "text", "text")), header="absent", quote="'")
    head = b"1;'x,\"';" + b"y" * 100
    layout = sniff_layout(head, things, whole=False)
    assert (layout.delimiter, len(layout.warnings)) == (";", 0)


def test_a_file_in_the_standard_dialect_may_be_read_beside() -> None:
    data = b'code,label\n1,"a,^\'""\\"\n'
    things = words(**APOSTROPHES)
    with pytest.raises(Rejected, match="unknown-columns"):
        read_file(things, b'"code","label"\n')
    assert rows(read_file(things.model_copy(update=STANDARD_QUOTES), data)) == [(2, 1, "a,^'\"\\")]


@pytest.mark.parametrize("packs", [False, True])
def test_blank_records_and_repeated_headers(packs: bool) -> None:
    data = b"code,label\n1,x\n , \n,\n\\,,\ncode,la\\bel\ncode,label\n"
    things = words(quote=None, escape="\\")
    file = read_file(things, gzip.compress(data) if packs else data)
    assert {line: file.codes(line)[0][1] for line in file.rejects} == {
        5: "invalid_integer",
        6: "invalid_integer",
        7: "repeated_header",
    }


def test_escaped_lines_do_not_look_like_records() -> None:
    things = words(quote="'", escape="\\", escape_codes=True, header="absent")
    lines = b"1,\\\n" * 12
    assert read_file(things, b"1,'" + lines + b"'\n").warnings == []
    (warning,) = read_file(things, b"1,'" + lines.replace(b"\\", b"x") + b"1,x'\n").warnings
    assert "a quote may be missing" in warning


def test_added_fields_and_documents_are_unescaped() -> None:
    added = contract(
        column("code", "int4"), column("label", "text"), column("more", "jsonb"),
        drift="rescue", rescued="more", **POSTGRES,
    )  # fmt: skip
    file = read_file(added, b"code\tco\\tlour\tlabel\n1\ta\\\\b\t\\N\n2\t\\N\tx\n")
    assert [(row["code"], row["label"], row["more"]) for row in file.rows] == [
        (1, None, '{"co\\tlour": "a\\\\b"}'),
        (2, "x", '{"co\\tlour": null}'),
    ]
    document = contract(column("doc", "jsonb"), document="doc", **POSTGRES)
    file = read_file(document, b"a\tb\n\\N\tx\\ny\n")
    assert [row["doc"] for row in file.rows] == ['{"a": null, "b": "x\\ny"}']


def _seen(blocks: list[Block]) -> list[tuple[bytes, int, int]]:
    return [
        (block.data[start:stop], int(line), int(fault))
        for block in blocks
        for start, stop, line, fault in zip(
            block.starts, block.stops, block.lines, block.faults, strict=True
        )
    ]


@pytest.mark.parametrize("name", DIALECTS)
def test_a_stream_in_parts_has_the_records_of_the_whole(name: str) -> None:
    marks = DIALECTS[name]
    text = b"a,b\n1,'x\\\ny'\r\n\\\r\n^\n2,\"st\"ray\\\\\n3,^'\n'4,\n5,'a^\nb\\\r\nc'\n6,last\\"
    layout = Layout(
        compression="gzip",
        quote=marks.quote,
        escape=marks.escape,
        escape_codes=marks.has_codes,
        header=True,
        columns=("a", "b"),
        data_offset=4,
        first_line=2,
    )
    objects = [gzip.compress(text)]
    whole = list(read_records(objects, layout, layout.first_line))
    places = {
        (int(at) + layout.data_offset, int(line))
        for block in whole
        for at, line in zip(*block.boundaries, strict=True)
    }
    parts = [
        block
        for (begin, line), (end, _) in pairwise([*sorted(places), (None, 0)])
        for block in read_part(objects, layout, line, TextRange(begin or 0, end))
    ]
    assert len(places) > 4
    assert _seen(parts) == _seen(whole)


def test_the_delimiter_that_is_taken_where_none_fits_is_named() -> None:
    things = words(quote=",", header="absent")
    file = read_file(things, b"1|x|y\n2|x|y\n")
    assert file.layout.delimiter == ";"
    assert file.layout.warnings == ("No delimiter fits the first records: read with semicolons.",)
