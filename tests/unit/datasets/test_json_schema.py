"""The JSON Schema of a row takes what the table takes."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.http.api_client import parcels
from waybill.contract.json_schema import column_schema, row_schema
from waybill.contract.model import Column


def column(kind: str, **more: Any) -> Column:
    given = {"type": kind, "stage": "text", "required": False, "nullable": False}
    return Column(name="c", kind=kind, has_default=False, **{**given, **more})


def takes(tested: Column, value: object) -> bool:
    schema = column_schema(tested)
    Draft202012Validator.check_schema(schema)
    return bool(Draft202012Validator(schema).is_valid(value))


@pytest.mark.parametrize(
    ("tested", "good", "bad"),
    [
        (column("int2"), [-32768, 32767], [32768, -32769, 1.5, "1", None, True]),
        (column("int8"), [2**63 - 1, -(2**63)], [2**63]),
        (column("numeric"), [1.5, 10**30], ["1"]),
        (column("numeric", precision=5, scale=2), [999.99, -999.99, 0.07], [1000]),
        (column("numeric", precision=2, scale=-1), [990], [1000, 5]),
        (column("float8"), [1e300, 1], ["x"]),
        (column("bool"), [True, False], [1, "true"]),
        (column("varchar", max_length=3), ["", "abc"], ["abcd", 1]),
        (column("text", nullable=True), ["x", None], [1]),
        (column("jsonb"), [{}, [], None, 1, "x"], []),
        (column("inet"), ["10.0.0.1"], [1]),
        (column("date"), ["2026-01-31"], [20260131]),
    ],
)
def test_each_type_admits_its_values_only(
    tested: Column, good: list[object], bad: list[object]
) -> None:
    assert [value for value in good if not takes(tested, value)] == []
    assert [value for value in bad if takes(tested, value)] == []


@pytest.mark.parametrize(
    ("kind", "form"),
    [("date", "date"), ("timestamptz", "date-time"), ("timestamp", "date-time"), ("uuid", "uuid")],
)
def test_dates_times_and_uuids_have_a_format(kind: str, form: str) -> None:
    assert column_schema(column(kind))["format"] == form


def test_comments_and_personal_columns_are_described() -> None:
    schema = column_schema(column("text", comment="As printed.", personal=True))
    assert (schema["description"], schema["x-personal"]) == ("As printed.", True)


def test_a_row_needs_its_required_columns() -> None:
    named = column("text", required=True)
    other = column("int4").model_copy(update={"name": "d"})
    contract = parcels().model_copy(update={"columns": (named, other)})
    schema = row_schema(contract)
    Draft202012Validator.check_schema(schema)
    row = Draft202012Validator(schema)
    assert row.is_valid({"c": "x"})
    assert row.is_valid({"c": "x", "d": 1})
    assert not row.is_valid({"d": 1})
    assert not row.is_valid({"c": "x", "e": 1})
