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
    assert [error.pointer for error in refused.value.field_errors] == named


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b"\n\r\n"])
def test_an_empty_file_is_refused(head: bytes) -> None:
    with pytest.raises(Rejected, match="empty-file"):
        read(head)


@pytest.mark.parametrize(
    ("head", "things"),
    [
        (b"true,7\n", FLAGS),
        (b"A-1001,Widget\n", WORDS),
        (b"mia@ex.org,Mia\n", WORDS),
        (b"red,a\nred,b\n", WORDS),
        (b"1,Ann,2021-07-27T16:02:08Z,\n", HIRES),
        (b"1,Name tag,2021-07-27T16:02:08Z,\n", HIRES),
        (b"1,,not a time,\n2,Bob,2021-07-27T16:02:08Z,\n", HIRES),
        (b'1,a"b,2021-07-27,\n2,Bob,2021-07-27T16:02:08Z,\n', HIRES),
        (b"1,\xff,2021-07-27,\n2,Bob,2021-07-27T16:02:08Z,\n", HIRES),
        (b"1,Ann\n2,Bob,2021-07-27T16:02:08Z,\n", HIRES),
    ],
)
def test_a_first_record_with_values_is_data(head: bytes, things: Contract) -> None:
    layout = read(head, things)
    assert (layout.header, layout.data_offset, layout.warnings) == (False, 0, ())


@pytest.mark.parametrize(
    ("head", "things", "named"),
    [
        # Nothing proves that these are not a header in another language.
        (b"alpha,beta\n", WORDS, ["alpha", "beta"]),
        (b"Bezeichnung,Wert\nx,y\n", WORDS, ["Bezeichnung", "Wert"]),
        (b"true,x\n", FLAGS, ["true", "x"]),
        (b"1,x\n", FLAGS, ["1", "x"]),
        # Fields equal or near to names.
        (b"code,label (en)\nx,y\n", WORDS, ["label (en)"]),
        (b"lable,number\nx,1\n", WORDS, ["lable", "number"]),
        (b"id,7,x,y\n", HIRES, ["7", "x", "y"]),
        (b",id,name,hired\n0,1,Ann,2021-07-27\n", HIRES, ["column 1"]),
        (b"7;Ann;2021-07-27T16:02:08Z\n", HIRES, ["7", "Ann", "2021-07-27T16:02:08Z"]),
        # A title above a header that does not match, and a line above data.
        (b"Report,,,\nident,name,hired,note\n1,Ann,2021-07-27,\n", HIRES, ["ident"]),
        (b"Report\n1,Ann,2021-07-27T16:02:08Z,\n", HIRES, ["Report"]),
        (b"Mia,Arden\ncode,label\nx,y\n", WORDS, ["Mia", "Arden"]),
        (b'"open\n', WORDS, ["open"]),
    ],
)
def test_a_first_record_that_is_neither_header_nor_data_is_refused(
    head: bytes, things: Contract, named: list[str]
) -> None:
    with pytest.raises(Rejected, match="unknown-columns") as refused:
        read(head, things)
    assert [error.pointer for error in refused.value.field_errors] == named


def test_the_refusal_names_the_nearest_column() -> None:
    with pytest.raises(Rejected) as refused:
        read(b"id,name,hired on\n1,Ann,2021-07-27\n")
    assert "'hired on' (nearest: hired)" in refused.value.detail
    with pytest.raises(Rejected, match=r"empty name of column 1"):
        read(b",code,label\n0,x,y\n", WORDS)


@pytest.mark.parametrize(
    "header",
    [
        "code,la\u200bbel",
        "\ufeffcode,label",
        "co\u00adde,\u00a0label ",
        "CODE,LABEL",
        "\uff43ode,label",
        'code, "label"',
        ' code ,"label "',
    ],
)
def test_header_cells_are_normalised(header: str) -> None:
    layout = read(f"\ufeff{header}\nx,y\n".encode(), WORDS)
    assert (layout.header, layout.columns) == (True, ("code", "label"))


def test_names_match_in_any_unicode_form() -> None:
    words = contract(column("na\u00efve", "text"), column("Stra\u00dfe", "text"))
    layout = read("nai\u0308ve,STRASSE\nx,y\n".encode(), words)
    assert layout.columns == ("na\u00efve", "Stra\u00dfe")


def test_columns_that_differ_in_case_match_exactly() -> None:
    cases = contract(column("Id", "int4"), column("id", "int4"))
    assert read(b"id,Id\n1,2\n", cases).columns == ("id", "Id")
    with pytest.raises(Rejected, match="unknown-columns"):
        read(b"ID,Id\n1,2\n", cases)


@pytest.mark.parametrize(
    ("above", "said"),
    [
        (b"Stock report\n", ["Stock report"]),
        (b"Stock report;;\n;;\n\n", ["Stock report"]),
        (b"# exported 2024-05-01\n# by;Mia;Arden\n", ["exported", "by Mia Arden"]),
    ],
)
def test_lines_above_the_header_are_skipped_with_a_warning(above: bytes, said: list[str]) -> None:
    head = above + b"note;name;id;hired\nx;Ann;1;2021-07-27\n"
    layout = read(head)
    assert (layout.delimiter, layout.columns) == (";", ("note", "name", "id", "hired"))
    assert head[layout.data_offset :] == b"x;Ann;1;2021-07-27\n"
    assert layout.first_line == above.count(b"\n") + 2
    assert len(layout.warnings) == len(said)
    assert all(text in warning for text, warning in zip(said, layout.warnings, strict=True))


@pytest.mark.parametrize(
    ("line", "delimiter"), [(b"sep=;\r\n", ";"), (b'"sep=|"\n', "|"), (b"SEP=\\t\n", "\t")]
)
def test_a_sep_line_declares_the_delimiter(line: bytes, delimiter: str) -> None:
    head = b"\xef\xbb\xbf" + line + b"label,code\nx,y\n".replace(b",", delimiter.encode())
    layout = read(head, WORDS)
    assert (layout.delimiter, layout.columns) == (delimiter, ("label", "code"))
    assert head[layout.data_offset :].startswith(b"x")
    assert layout.first_line == 3
    assert "sep=" in layout.warnings[0].lower()


def test_a_header_in_an_undeclared_encoding_is_refused_with_its_names() -> None:
    words = contract(column("na\u00efve", "text"), column("n", "int4"))
    head = "na\u00efve;n\nx;1\n".encode("cp1252")
    with pytest.raises(Rejected, match=r"undeclared-encoding.*'na\u00efve', 'n'"):
        read(head, words)
    assert sniff_layout(head, words, whole=True, encoding="cp1252").columns == ("na\u00efve", "n")


def test_names_loaded_as_data_by_contract_give_a_warning() -> None:
    absent = WORDS.model_copy(update={"header": "absent"})
    assert "column names" in read(b"code,label\nx,y\n", absent).warnings[0]
    assert not read(b"red,label\nx,y\n", absent).warnings


@pytest.mark.parametrize(
    ("data", "header"), [(b"1,1;1.1\n2,1;2.1\n", "auto"), (b"a,b;c\nd,e;f\n", "absent")]
)
def test_an_ambiguous_delimiter_is_refused_with_the_choices(data: bytes, header: str) -> None:
    words = WORDS.model_copy(update={"header": header})
    with pytest.raises(Rejected, match=r"ambiguous-delimiter.*comma and semicolon"):
        read(data, words)
    assert read(data, words, delimiter=";").delimiter == ";"


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


def test_a_header_longer_than_the_head_is_refused() -> None:
    with pytest.raises(Rejected, match="missing-header"):
        read(b"code,lab", WORDS, whole=False)
    absent = WORDS.model_copy(update={"header": "absent"})
    assert not read(b"code,lab", absent, whole=False).header


@pytest.mark.parametrize(
    ("begin", "delimiter", "warnings"),
    [
        ("1;Ann, Bob;", ";", 0),
        ("1,Ann; Bob,", ",", 0),
        ("1\tAnn\t", "\t", 0),
        ("x;Ann|", ",", 1),
        ("", ",", 1),
    ],
)
def test_the_delimiter_before_a_field_of_more_than_a_mebibyte(
    begin: str, delimiter: str, warnings: int
) -> None:
    headerless = HIRES.model_copy(update={"header": "absent"})
    layout = read((begin + "x" * (1 << 20)).encode()[: 1 << 20], headerless, whole=False)
    assert (layout.delimiter, len(layout.warnings)) == (delimiter, warnings)
