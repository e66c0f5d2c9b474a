"""JSON records: numbers as written, names in any case, and every reason for a refusal."""

import json

import pytest

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from waybill.contract.model import Contract
from waybill.errors import Rejected

THINGS = contract(
    column("id", "int8", nullable=False),
    column("amount", "numeric"),
    column("label", "text"),
    column("flag", "bool"),
    column("more", "jsonb"),
    column("made", "timestamptz", nullable=False, has_default=True, required=False),
    aliases={"identity": "id"},
)
MADE = "2021-07-27T16:02:08Z"
DOCUMENTS = contract(
    column("seq", "int8", nullable=False, has_default=True, required=False),
    column("payload", "jsonb", nullable=False),
    document="payload",
)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("id", "9007199254740993", 9007199254740993),
        ("id", '"7"', 7),
        ("amount", "0.10000000000000000000000000000001", "0.10000000000000000000000000000001"),
        ("amount", "123456789012345678901234567890.50", "123456789012345678901234567890.50"),
        ("label", "1.50", "1.50"),
        ("label", '" NA "', " NA "),
        ("label", '""', ""),
        ("label", '"\\u00e9\\n\\ud83d\\ude9a"', "é\n🚚"),
        ("flag", "true", True),
        ("flag", '"f"', False),
        ("flag", "null", None),
        ("more", "1.50", "1.50"),
        ("more", '"a\\"b"', '"a\\"b"'),
        ("more", "null", None),
        ("more", '{"b" : [1e300, {"a":true}],"c":"é"}', '{"b": [1e300, {"a": true}], "c": "é"}'),
        ("more", "-1.7976931348623157e308", "-1.7976931348623157e308"),
        ("more", "5e-324", "5e-324"),
    ],
)
def test_values_are_staged_as_written(name: str, text: str, value: object) -> None:
    first = "" if name == "id" else '"identity": 1, '
    (row,) = read_file(THINGS, f'{{{first}"{name.upper()}": {text}}}'.encode()).rows
    assert row[name] == value


@pytest.mark.parametrize(
    ("record", "reasons"),
    [
        ("{", [(None, "invalid_json")]),
        ('{"id": 1,}', [(None, "invalid_json")]),
        ('{"id": 01}', [(None, "invalid_json")]),
        ('{"id": NaN}', [(None, "invalid_json")]),
        ("{'id': 1}", [(None, "invalid_json")]),
        ('{"id": 1} {"id": 2}', [(None, "invalid_json")]),
        ('{"label": "\\ud83d"}', [(None, "invalid_utf8")]),
        ('{"more": ' + "[" * 5000 + "]" * 5000 + "}", [(None, "nested_too_deeply")]),
        ('{"more": ' + "[" * 100 + "]" * 100 + "}", [(None, "nested_too_deeply")]),
        ("[" * 60_000, [(None, "nested_too_deeply")]),
        ('{"more": {"a": 1, "b": {"c": 1, "c": 2}}}', [("c", "duplicate_field")]),
        ('{"id": 1, "id": 1}', [("id", "duplicate_field")]),
        ('{"more": 1e309}', [("more", "out_of_range")]),
        ('{"more": [1e131071]}', [("more", "out_of_range")]),
        ('{"more": 1e-401}', [("more", "out_of_range")]),
        ('{"more": [' + "1e308," * 4000 + "0]}", [("more", "document_too_large")]),
        ('{"more": ' + "9" * 1001 + "}", [("more", "out_of_range")]),
        ('{"label": "a\\u0000"}', [(None, "nul_byte")]),
        ("[1]", [(None, "not_an_object")]),
        ("7", [(None, "not_an_object")]),
        ('{"id": 1, "x": 1, "y": 2}', [("x", "unknown_field"), ("y", "unknown_field")]),
        ('{"id": 1, "ID": 1}', [("ID", "duplicate_field")]),
        ('{"id": 1, "identity": 1}', [("identity", "duplicate_field")]),
        ('{"id": 1, "made": null}', [("made", "required")]),
        ('{"id": [1]}', [("id", "wrong_type")]),
        ('{"id": 1.5, "flag": 7}', [("id", "invalid_integer"), ("flag", "invalid_boolean")]),
        ('{"id": 1e3}', [("id", "invalid_integer")]),
        ('{"label": "x"}', [("id", "required")]),
    ],
)
def test_an_invalid_record_does_not_stop_the_next(
    record: str, reasons: list[tuple[str | None, str]]
) -> None:
    # What comes first says which columns the file has.
    file = read_file(THINGS, f'{{"id": 0}}\n{" " * (1 << 20)}\n{record}\n{{"id": 3}}'.encode())
    assert [row["id"] for row in file.rows] == [0, 3]
    assert file.codes(3) == reasons
    assert file.rejects[3]["raw"] == record.encode()


def test_absent_columns_are_staged_with_the_record() -> None:
    complete = f'{{"id": 1, "amount": 1, "label": "", "flag": true, "more": 1, "MADE": "{MADE}"}}'
    late = f'{{"id": 3, "made": "{MADE}", "flag": null}}'
    file = read_file(THINGS, f'{complete}\n{{"id": 2}}\n{late}'.encode())
    assert [absent and json.loads(absent) for absent in file.absent] == [
        None,
        ["amount", "label", "flag", "more", "made"],
        ["amount", "label", "more"],
    ]
    assert [row["made"] and row["made"].year for row in file.rows] == [2021, None, 2021]


def test_a_reject_has_only_the_values_of_the_record() -> None:
    file = read_file(THINGS, b'{"id": 1, "flag": 7, "label": null}')
    assert file.rejects[1]["values"] == {"id": "1", "flag": "7", "label": None}


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("_text", '["a", "b"]', '{"a","b"}'),
        ("_text", '["a\\"b", "c\\\\d", null, "NULL", "", " e,{}"]',
         '{"a\\"b","c\\\\d",NULL,"NULL",""," e,{}"}'),
        ("_int4", "[1, 2]", '{"1","2"}'),
        ("_int4", "[[1, 2], [3, null]]", '{{"1","2"},{"3",NULL}}'),
        ("_numeric", "[0.10]", '{"0.10"}'),
        ("_bool", "[true, false]", "{true,false}"),
        ("_jsonb", '[{"a": [1]}, null]', '{"{\\"a\\": [1]}",NULL}'),
        ("_text", "[]", "{}"),
        ("_text", '"{a,b}"', "{a,b}"),
        ("int4range", '"[1,5)"', "[1,5)"),
        ("json", "[1, [2]]", "[1, [2]]"),
    ],
)  # fmt: skip
def test_a_list_becomes_an_array(kind: str, value: str, text: str) -> None:
    things = contract(column("id", "int4"), column("x", kind))
    assert read_file(things, f'{{"id": 1, "x": {value}}}'.encode()).rows[0]["x"] == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [("_text", '[{"a": 1}]'), ("_text", '{"a": 1}'), ("text", "[1]"), ("int4range", "[1, 5]")],
)
def test_other_lists_and_objects_are_rejected(kind: str, value: str) -> None:
    things = contract(column("id", "int4"), column("x", kind))
    file = read_file(things, f'{{"id": 1, "x": {value}}}'.encode())
    assert file.codes(1) == [("x", "wrong_type")]


def test_elements_that_are_not_objects_are_rejected_by_index() -> None:
    file = read_file(THINGS, b'[{"id": 1}, 7, {"id": x}, {"id": 4}]')
    assert [(row["_waybill_line"], row["id"]) for row in file.rows] == [(1, 1), (4, 4)]
    assert [file.codes(n)[0][1] for n in (2, 3)] == ["not_an_object", "invalid_json"]


@pytest.mark.parametrize("data", [b"", b" \n", b"\xef\xbb\xbf\n"])
def test_a_file_without_records_is_empty(data: bytes) -> None:
    with pytest.raises(Rejected, match="empty-file"):
        read_file(THINGS.model_copy(update={"file_format": "json"}), data)


@pytest.mark.parametrize(
    ("data", "file_format"),
    [
        (b'{"id": 1}', "json-lines"),
        (b' \n{ "id": 1}', "json-lines"),
        (b"{}", "json-lines"),
        (b"[]", "json-array"),
        (b'[\n {"id": 1}]', "json-array"),
        (b"[1],2,3\n", "csv"),
        (b"[],2,3\n", "csv"),
        (b"{},2,3\n", "csv"),
        (b"[{x}],2,3\n", "csv"),
        (b"{x},2,3\n", "csv"),
    ],
)
def test_the_format_is_detected(data: bytes, file_format: str) -> None:
    kinds = contract(column("more", "jsonb"), column("id", "int8"), column("n", "int8"))
    assert read_file(kinds, data).layout.file_format == file_format
    csv = kinds.model_copy(update={"file_format": "csv", "header": "absent"})
    assert read_file(csv, data).layout.file_format == "csv"


def test_formats_apply_to_strings_not_to_json_values_of_other_types() -> None:
    written = THINGS.model_copy(
        update={
            "formats": Contract.model_validate(
                THINGS.model_dump()
                | {"formats": {"*": {"decimal": ",", "thousands": ".", "true_words": ["ja"]}}}
            ).formats
        }
    )
    data = b'{"id": 1, "amount": 1.500, "flag": true}\n{"id": 2, "amount": "1.500,5", "flag": "Ja"}'
    file = read_file(written, data)
    assert [(row["amount"], row["flag"]) for row in file.rows] == [
        ("1.500", True),
        ("1500.5", True),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b'{"b": "x, y", "a": 1.50}\n{"a": null}',
        b'[{"b": "x, y", "a": 1.50}, {"a": null}]',
    ],
)
def test_a_document_is_the_object_itself(data: bytes) -> None:
    file = read_file(DOCUMENTS, data)
    assert [row["payload"] for row in file.rows] == ['{"b": "x, y", "a": 1.50}', '{"a": null}']
    assert file.layout.columns == ("payload",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_document_from_csv_uses_the_names_of_the_header(delimiter: str) -> None:
    data = 'A,"b c",é\n1,"x ""y""",\n2, z ,"",3\n'.replace(",", delimiter)
    file = read_file(DOCUMENTS, data.encode())
    assert file.layout.delimiter == delimiter
    assert json.loads(file.rows[0]["payload"]) == {"A": "1", "b c": 'x "y"', "é": None}
    assert file.codes(3) == [(None, "field_count")]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"a,a\n1,2\n", "duplicate-columns"), (b"a,\n1,2\n", "missing-header")],
)
def test_a_document_from_csv_needs_a_header(data: bytes, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        read_file(DOCUMENTS, data)


@pytest.mark.parametrize(
    "record",
    [
        "7",
        "{",
        '{"a": "\\u0000"}',
        '"x"',
        "[1, 2, 3]",
        "{'a': 1}",
        '{"a": 1, "b": {"c": 1, "c": 1}}',
        '{"a": ' + "[" * 500 + "]" * 500 + "}",
        '{"a": 1e5000}',
        '{"a": [0.5, 1e131071]}',
        '{"a": "' + "x" * (1 << 20) + '"}',
    ],
)
def test_records_that_are_not_valid_documents_are_rejected(record: str) -> None:
    file = read_file(DOCUMENTS, f'{{"a": 1}}\n{record}\n'.encode())
    assert (len(file.rows), list(file.rejects)) == (1, [2])
