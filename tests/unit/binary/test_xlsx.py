"""Sheets of Excel are read as CSV files with the same cells; their dates by the cells' formats."""

import datetime as dt
import random
from collections.abc import Mapping

import pytest

from tests.unit.binary.workbooks import Raw, number, sheet_xml, workbook, zipped
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file
from waybill.columns.places import column_letters
from waybill.contract.model import Contract
from waybill.errors import Rejected

THINGS = contract(column("a", "int4", nullable=False), column("b", "text"))
HEADER: dict[str, object] = {"A": "a", "B": "b"}


def read(contract: Contract, rows: Mapping[int, Mapping[str, object]], *strings: str) -> File:
    return read_file(contract, workbook({"Sheet1": sheet_xml(rows)}, strings))


def test_rows_keep_their_numbers_and_blank_ones_are_no_records() -> None:
    file = read(
        THINGS,
        {
            1: {"A": "Things of 2026"},
            3: HEADER,
            4: {"A": 1, "B": " x "},
            5: {"B": "  "},
            9: {"A": 2},
        },
    )
    assert file.values == [(1, "x"), (2, None)]
    assert [row["_waybill_line"] for row in file.rows] == [4, 9]
    assert file.layout.sheet == "Sheet1"
    assert any("Things of 2026" in warning for warning in file.layout.warnings)


def test_the_dialect_of_csv_is_of_no_account() -> None:
    things = THINGS.model_copy(update={"quote": None, "escape": "\\", "delimiter": '"'})
    file = read(things, {1: {"A": "a", "B": "b"}, 2: {"A": 1, "B": '\\n "x", \\'}})
    assert file.values == [(1, '\\n "x", \\')]


def test_a_table_may_begin_in_any_cell() -> None:
    file = read(THINGS, {7: {"C": "b", "D": "a"}, 8: {"C": "x", "D": 1}, 1048576: {"D": 2}})
    assert file.values == [(1, "x"), (2, None)]
    assert [row["_waybill_line"] for row in file.rows] == [8, 1048576]


def test_a_far_cell_costs_nothing_and_is_a_reject() -> None:
    file = read(THINGS, {1: HEADER, 2: {"A": 1}, 1048576: {"A": 2, "ZZ": "x"}})
    assert file.values == [(1, None)]
    assert file.codes(1048576) == [(None, "field_count")]


def test_without_a_header_the_columns_are_in_order() -> None:
    file = read(
        contract(column("n", "int4"), column("d", "date")),
        {1: {"A": 1, "B": number("44404", 1)}, 2: {"A": 2, "B": number("44405", 1)}},
    )
    assert file.values == [(1, dt.date(2021, 7, 27)), (2, dt.date(2021, 7, 28))]


@pytest.mark.parametrize(
    ("kind", "text", "style", "staged"),
    [
        ("int4", "5", 0, 5),
        ("int4", "5.0", 0, 5),
        ("int8", "9007199254740993", 0, 9007199254740993),
        ("numeric", "1.1000000000000001", 0, "1.1"),
        ("numeric", "0.30000000000000004", 0, "0.30000000000000004"),
        ("numeric", "1E-3", 0, "0.001"),
        ("numeric", "1234.5", 5, "1234.5"),
        ("numeric", "1.5E+20", 0, "150000000000000000000"),
        ("date", "44404", 1, dt.date(2021, 7, 27)),
        ("date", "44404", 2, dt.date(2021, 7, 27)),
        ("date", "59", 1, dt.date(1900, 2, 28)),
        ("date", "61", 1, dt.date(1900, 3, 1)),
        ("timestamp", "44404.668148148149", 2, dt.datetime(2021, 7, 27, 16, 2, 8)),  # noqa: DTZ001
        ("timestamp", "44404", 1, dt.datetime(2021, 7, 27)),  # noqa: DTZ001
        ("time", "0.5", 3, "12:00:00"),
        ("time", "0.66814814814814816", 3, "16:02:08"),
        ("time", "0.25", 2, "06:00:00"),
        ("time", "0", 1, "00:00:00"),
        ("time", "0.9999999999", 3, "23:59:59.999"),
        ("text", "0.5", 1, "12:00:00"),
        ("interval", "1.5", 4, "36:00:00"),
        ("text", "007", 0, "007"),
        ("text", "44404", 1, "2021-07-27"),
    ],
)
def test_numbers_are_what_their_format_says(
    kind: str, text: str, style: int, staged: object
) -> None:
    rows: dict[int, dict[str, object]] = {1: {"A": "v"}, 2: {"A": number(text, style)}}
    file = read(contract(column("v", kind)), rows)
    assert file.rejects == {}
    assert [row["v"] for row in file.rows] == [staged]


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        ("int4", number("5.4"), "invalid_integer"),
        ("date", number("60", 1), "invalid_date"),
        ("date", number("44404.5", 2), "invalid_date"),
        ("date", number("44404"), "invalid_date"),
        ("date", number("0", 1), "invalid_date"),
        ("timestamp", number("0.5", 3), "invalid_timestamp"),
        ("timestamptz", number("44404.5", 2), "timestamp_without_zone"),
        ("int4", Raw('<c r="{}" t="e"><v>#N/A</v></c>'), "invalid_integer"),
        ("int4", Raw('<c r="{}" t="s"><v>77</v></c>'), "invalid_integer"),
    ],
)
def test_what_a_column_does_not_take_is_a_reject(kind: str, cell: Raw, code: str) -> None:
    file = read(contract(column("v", kind)), {1: {"A": "v"}, 2: {"A": cell}})
    assert file.codes(2) == [("v", code)]


def test_the_message_of_a_reject_names_the_cell() -> None:
    things = contract(column("a", "int4", nullable=False), column("b", "bool"))
    file = read(things, {3: {"Z": "b", "AA": "a"}, 4: {"Z": "maybe", "AA": "x"}, 9: {"Z": True}})
    messages = {line: [error["message"] for error in reject["errors"]]
                for line, reject in file.rejects.items()}  # fmt: skip
    assert messages == {
        4: [
            "expected true or false, found 'maybe' (cell Z4)",
            "expected a whole number, found 'x' (cell AA4)",
        ],
        9: ["expected a value (cell AA9)"],
    }
    assert [column_letters(at) for at in (0, 25, 26, 701, 702, 16383)] == [
        "A", "Z", "AA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip


def test_formulas_have_the_value_that_was_computed() -> None:
    file = read(
        THINGS,
        {
            1: HEADER,
            2: {"A": Raw('<c r="{}"><f>1+1</f><v>2</v></c>')},
            3: {"A": Raw('<c r="{}"><f>1+1</f></c>')},
            4: {"A": 4, "B": Raw('<c r="{}" t="str"><f>A1</f><v>x</v></c>')},
        },
    )
    assert file.values == [(2, None), (4, "x")]
    assert file.codes(3) == [(None, "formula_without_value")]


def test_strings_are_shared_rich_escaped_and_without_phonetic_hints() -> None:
    shared = [Raw(f'<c r="{{}}" t="s"><v>{at}</v></c>') for at in range(3)]
    file = read(
        contract(column("b", "text")),
        {1: {"A": "b"}, **{at + 2: {"A": cell} for at, cell in enumerate(shared)}},
        "<r><t>ri</t></r><r><rPr><b/></rPr><t>ch</t></r>",
        "<t>a_x000D_b</t>",
        "<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh>",
    )
    assert [row["b"] for row in file.rows] == ["rich", "a\rb", "東京"]


def test_a_sheet_is_found_by_its_name() -> None:
    data = workbook(
        {
            "Notes": sheet_xml({1: {"A": "nothing"}}),
            "Data": sheet_xml({1: HEADER, 2: {"A": 1}}),
        }
    )
    assert read_file(THINGS.model_copy(update={"sheet": "Data"}), data).values == [(1, None)]
    with pytest.raises(Rejected, match="unknown-columns"):
        read_file(THINGS, data)
    with pytest.raises(Rejected, match=r"lacks the sheet 'data'; its sheets are 'Notes', 'Data'"):
        read_file(THINGS.model_copy(update={"sheet": "data"}), data)


def test_workbooks_of_the_old_mac_count_from_1904() -> None:
    sheet = sheet_xml({1: {"A": "v"}, 2: {"A": number("42942", 1)}})
    file = read_file(contract(column("v", "date")), workbook({"S": sheet}, starts_1904=True))
    assert [row["v"] for row in file.rows] == [dt.date(2021, 7, 27)]


@pytest.mark.parametrize(
    ("serial", "starts_1904"), [("2958465.999999999", False), ("2958000", True)]
)
def test_a_day_after_the_last_year_is_a_reject(serial: str, *, starts_1904: bool) -> None:
    sheet = sheet_xml({1: {"A": "v"}, 2: {"A": number(serial, 1)}, 3: {"A": number("42942", 1)}})
    file = read_file(contract(column("v", "date")), workbook({"S": sheet}, starts_1904=starts_1904))
    assert len(file.rows) == 1
    assert file.codes(2) == [("v", "invalid_date")]


def test_documents_have_numbers_and_texts() -> None:
    documents = contract(column("payload", "jsonb", nullable=False), document="payload")
    rows: dict[int, dict[str, object]] = {
        1: {"A": "n", "B": "t", "C": "f"},
        2: {"A": number("1.50"), "B": "é", "C": True},
    }
    file = read(documents, rows)
    assert [row["payload"] for row in file.rows] == ['{"n": 1.5, "t": "é", "f": true}']


def test_declared_formats_hold_for_texts_and_not_for_numbers() -> None:
    target = contract(
        column("n", "numeric"), column("d", "date"),
        formats={"n": {"decimal": ",", "thousands": "."}, "d": {"date": "DD/MM/YYYY"}},
    )  # fmt: skip
    rows: dict[int, dict[str, object]] = {
        1: {"A": "n", "B": "d"},
        2: {"A": 1234.5, "B": number("44404", 1)},
        3: {"A": "1.234,5", "B": "27/07/2021"},
    }
    file = read(target, rows)
    assert file.rejects == {}
    assert [(row["n"], row["d"]) for row in file.rows] == [("1234.5", dt.date(2021, 7, 27))] * 2


_BOMB = "<worksheet><sheetData>" + " " * 300_000_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda: workbook({"S": _BOMB}), "decompression-limit"),
        (
            lambda: workbook({"S": '<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'}),
            "corrupt-file",
        ),
        (lambda: workbook({"S": sheet_xml({1: HEADER, 2: {"A": 1}})[:-40]}), "corrupt-file"),
        (lambda: workbook({"S": sheet_xml({2: HEADER, 1: {"A": 1}})}), "corrupt-file"),
        (lambda: workbook({"S": sheet_xml({1: HEADER})})[:-30], "corrupt-file"),
        (lambda: zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "unsupported-file"),
        (lambda: workbook({"S": sheet_xml({1: HEADER, 1_048_577: {"A": 1}})}), "last one of Excel"),
        (lambda: workbook({}), "unsupported-file"),
        (lambda: workbook({"S": sheet_xml({})}), "empty-file"),
    ],
)
def test_what_is_no_workbook_is_refused(data: object, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        read_file(THINGS, data())  # type: ignore[operator]


def test_damaged_bytes_end_in_a_refusal_or_in_records() -> None:
    rows: dict[int, dict[str, object]] = {n: {"A": n, "B": f"text {n}"} for n in range(2, 200)}
    data = workbook({"S": sheet_xml({1: HEADER, **rows})})
    generator = random.Random(7)
    outcomes = set()
    for _ in range(25):
        damaged = bytearray(data)
        for _ in range(4):
            damaged[generator.randrange(40, len(data))] = generator.randrange(256)
        outcomes.add(_outcome(bytes(damaged)))
    assert outcomes <= {
        "loaded", "corrupt-file", "unsupported-file", "decompression-limit", "unknown-columns",
        "missing-columns", "empty-file", "missing-header",
    }  # fmt: skip


def _outcome(data: bytes) -> str:
    try:
        file = read_file(THINGS, data)
    except Rejected as refusal:
        return refusal.code
    return "loaded" if file.read == len(file.rows) + len(file.rejects) else "lost"


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<v>1.0</v><is><t>1.</t></is>", "1."),
        ("<is><t>1.</t></is><v>1.0</v>", "1."),
        ("<is><r><t>a</t></r><r><t>b</t></r><rPh><t>hint</t></rPh></is>", "ab"),
        ("<is><rPh><t>hint</t></rPh><r><t>a</t></r></is>", "a"),
        ("<v>only</v>", "only"),
    ],
)
def test_a_text_in_the_cell_comes_before_a_value_beside_it(xml: str, text: str) -> None:
    cell = Raw(f'<c r="{{}}" t="inlineStr">{xml}</c>')
    assert read(THINGS, {1: HEADER, 2: {"A": 1, "B": cell}}).values == [(1, text)]


def test_a_binary_workbook_is_named() -> None:
    relation = '<Relationship Id="r" Type="x/officeDocument" Target="xl/workbook.bin"/>'
    parts = {"[Content_Types].xml": "", "_rels/.rels": f"<Relationships>{relation}</Relationships>"}
    with pytest.raises(Rejected, match=r"binary workbook \(xlsb\)\. Save it as xlsx"):
        read_file(THINGS, zipped({**parts, "xl/workbook.bin": "x"}))
