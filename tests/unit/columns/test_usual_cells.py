"""Few rows are checked without Arrow, with the same result."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from waybill.columns.cells import CellChecker, CheckedCells
from waybill.columns.usual_cells import usual_texts
from waybill.contract.model import Contract

_NEAR = [10**digits + offset for digits in (3, 4, 8, 9, 17, 18) for offset in (-1, 0, 1)]
_INTEGERS = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.sampled_from([sign + str(number) for number in _NEAR for sign in ("", "-")]),
    st.sampled_from(["", "-", "-0", "007", "+1", "1.0", "1e3", " 1", "1\n", "0x10", "\u0661"]),
)
_DATES = st.one_of(
    st.dates().map(str),
    st.sampled_from(["2021-02-29", "2020-02-29", "0000-01-01", "2021-1-1", "20210101", "infinity"]),
)
_INSTANTS = st.one_of(
    st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0")),
    st.datetimes().map(lambda at: f"{at.isoformat(' ')}+02:00"),
    st.sampled_from(["2021-02-29T10:00:00Z", "2021-01-01T24:00:00Z", "2021-01-01T23:59:60Z"]),
    st.sampled_from(["2021-01-01 10:00:00Z", "2021-01-01T10:00:00", "2021-01-01T10:00:00z"]),
)
_TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    st.just("abcdef"),
)
_COLUMNS = (
    *((kind, _INTEGERS, {}) for kind in ("int2", "int4", "int8")),
    ("date", _DATES, {}),
    ("timestamptz", _INSTANTS, {}),
    ("timestamp", _INSTANTS, {}),
    ("text", _TEXTS, {}),
    ("varchar", _TEXTS, {"max_length": 6}),
    ("bool", st.sampled_from(["true", "f", "2"]), {}),
)


def _check(rules: Contract, rows: list[dict[str, str | None]]) -> CheckedCells:
    return CellChecker(rules).check(["c"], rows)


@pytest.mark.parametrize("nullable", [True, False])
@given(data=st.data())
def test_few_rows_are_checked_as_many(data: st.DataObject, *, nullable: bool) -> None:
    kind, texts, more = data.draw(st.sampled_from(_COLUMNS))
    rules = contract(column("c", kind, nullable=nullable, **more))
    cell = st.none() | texts
    given_rows = data.draw(st.lists(st.builds(lambda c: {"c": c}, cell) | st.just({}), min_size=1))
    found = _check(rules, given_rows)
    with patch("waybill.columns.cells.FEW", 0):
        assert found == _check(rules, given_rows)


def test_rules_and_formats_of_a_column_hold_for_few_rows_too() -> None:
    rules = contract(
        column("c", "int4"),
        formats={"c": {"decimal": ","}},
        transformation={"null_words": {"c": ["0"]}},
    )
    assert _check(rules, [{"c": "0"}, {"c": "1"}]).texts == {"c": [None, "1"]}


@pytest.mark.parametrize(
    ("kind", "text", "usual"),
    [
        ("int4", "-007", "-7"),
        ("int2", "32768", None),
        ("date", "2021-02-29", None),
        ("timestamptz", "2021-05-03T10:00:00Z", "2021-05-03 10:00:00.000000Z"),
        ("timestamptz", "2021-05-03T10:00:00+02", None),
        ("text", "a", "a"),
        ("numeric", "1", None),
    ],
)
def test_the_usual_forms(kind: str, text: str, usual: str | None) -> None:
    assert usual_texts(column("c", kind), [text]) == (None if usual is None else [usual])
