"""Detecting the layout of a file: byte order mark, delimiter, header."""

import pytest

from tests.unit.columns.contracts import column, contract
from waybill.contract.model import Contract
from waybill.errors import BadRequest, Rejected
from waybill.records.layout import Layout
from waybill.records.sniffer import sniff_layout

HIRES = contract(
    column("id", "int4", nullable=False),
    column("name", "text", nullable=False),
    column("hired", "timestamptz", nullable=False),
    column("note", "text"),
    aliases={"hire date": "hired"},
)
WORDS = contract(column("code", "text", nullable=False), column("label", "text"))
FLAGS = contract(column("flag", "bool", nullable=False), column("n", "int4"))


def read(
    head: bytes, contract: Contract = HIRES, *, whole: bool = True, delimiter: str | None = None
) -> Layout:
    return sniff_layout(head, contract, whole=whole, delimiter=delimiter)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_header_cells_match_columns_in_any_order_and_case(end: bytes) -> None:
    head = b"\xef\xbb\xbf" + end + b'Name,"ID", Hire Date' + end + b"a,1,"
    layout = read(head)
    assert layout.columns == ("name", "id", "hired")
    assert layout.header
    assert head[layout.data_offset :] == b"a,1,"
    assert layout.first_line == 3


def test_a_file_may_consist_of_a_header() -> None:
    layout = read(b"id,name,hired")
    assert (layout.header, layout.data_offset) == (True, 13)


def test_a_header_may_span_lines() -> None:
    things = WORDS.model_copy(update={"aliases": {"the\ncode": "code"}})
    layout = read(b'"the\ncode",label\nx,y\n', things)
    assert (layout.data_offset, layout.first_line) == (17, 3)


def test_without_header_fields_are_in_table_order() -> None:
    layout = read(b"\xef\xbb\xbf1,Ann,2021-07-27T16:02:08Z,\n")
    assert layout.columns == ("id", "name", "hired", "note")
    assert (layout.header, layout.data_offset, layout.first_line) == (False, 3, 1)


@pytest.mark.parametrize(
    ("head", "code", "named"),
    [
        (b"id,name,hired,colour\n", "unknown-columns", ["colour"]),
        (b"ident,nombre,fecha,nota\n", "unknown-columns", ["ident", "nombre", "fecha", "nota"]),
        (b"id,name,hired,hire date\n", "duplicate-columns", ["hired"]),
        (b"id,note\n", "missing-columns", ["name", "hired"]),
    ],
)
def test_a_header_that_does_not_match_is_refused(head: bytes, code: str, named: list[str]) -> None:
    with pytest.raises(Rejected) as refused:
        read(head)
    assert refused.value.code == code
    assert [flaw.pointer for flaw in refused.value.field_errors] == named


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b"\n\r\n"])
def test_an_empty_file_is_refused(head: bytes) -> None:
    with pytest.raises(Rejected, match="empty-file"):
        read(head)


@pytest.mark.parametrize(
    ("head", "things"),
    [
        (b"alpha,beta\n", WORDS),
        (b"true,x\n", FLAGS),
        (b"1,2\n", FLAGS),
        (b'a"b,c\n', WORDS),
        (b"\xff,c\n", WORDS),
        (b'"open\n', WORDS),
        (b"id,,2021,\n", HIRES),
    ],
)
def test_a_first_record_that_may_be_data_is_data(head: bytes, things: Contract) -> None:
    assert not read(head, things).header


def test_a_doubtful_first_record_gives_a_warning() -> None:
    assert read(b"id,7,x,y\n").warnings
    assert not read(b"1,7,x,y\n").warnings


def test_the_contract_may_declare_the_header() -> None:
    absent = WORDS.model_copy(update={"header": "absent"})
    present = FLAGS.model_copy(update={"header": "present"})
    assert not read(b"code,label\n", absent).header
    with pytest.raises(Rejected, match="unknown-columns"):
        read(b"1,2\n", present)


def test_the_delimiter_may_be_declared() -> None:
    semicolons = WORDS.model_copy(update={"delimiter": ";"})
    assert read(b"code;label\n", semicolons).delimiter == ";"
    assert read(b"code|label\n", semicolons, delimiter="|").columns == ("code", "label")
    with pytest.raises(BadRequest, match="bad-delimiter"):
        read(b"x", WORDS, delimiter='"')


def test_an_unterminated_first_line_is_a_record() -> None:
    assert not read(b"code,lab", WORDS, whole=False).header
