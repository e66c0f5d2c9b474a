"""Large records with wide characters are read as small ones are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from waybill.exact_json import JsonError, parse_json
from waybill.narrow_json import narrow_json, widen

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXTS | st.booleans() | st.none(),
    lambda values: st.lists(values) | st.dictionaries(TEXTS, values),
)


def widened(value: object) -> object:
    if isinstance(value, dict):
        return {widen(key): widened(each) for key, each in value.items()}
    if isinstance(value, list):
        return [widened(each) for each in value]
    return widen(value) if isinstance(value, str) else value


@given(VALUES, st.booleans())
def test_it_parses_to_the_same_values(value: object, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert widened(parse_json(narrow_json(raw))) == value


@given(TEXTS)
def test_every_character_is_a_byte(text: str) -> None:
    raw = json.dumps(text).encode()
    assert max(narrow_json(raw)) < "\u0100"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (rb'"\ud83d"', "invalid_utf8"),
        (rb'"\ude9a\ud83d"', "invalid_utf8"),
        (rb'"\u00zz"', "invalid_json"),
        (rb'"\u12"', "invalid_json"),
    ],
)
def test_invalid_escapes_are_refused(raw: bytes, code: str) -> None:
    with pytest.raises(JsonError) as caught:
        parse_json(narrow_json(raw))
    assert caught.value.code == code


def test_an_escaped_backslash_before_a_u_is_no_escape() -> None:
    raw = rb'"\\u00e9 \u00e9"'
    assert widen(parse_json(narrow_json(raw))) == r"\u00e9 é"


THINGS = contract(
    column("id", "int4", nullable=False),
    column("名前", "text"),
    column("more", "jsonb"),
    column("tags", "_text"),
    file_format="json",
)


@pytest.mark.parametrize("escapes", [False, True])
def test_a_large_record_has_the_values_of_a_small_one(escapes: bool) -> None:
    record = {"id": 1, "名前": '🚚é\x7f"\\\n', "more": {"ü": ["語", 1.5]}, "tags": ["ß", None]}
    padded = {**record, "more": {**record["more"], "padding": "x" * 1_100_000}}  # type: ignore[dict-item]
    (small,) = read_file(THINGS, json.dumps(record, ensure_ascii=escapes).encode()).rows
    (large,) = read_file(THINGS, json.dumps(padded, ensure_ascii=False).encode()).rows
    more = json.loads(large.pop("more"))
    del more["padding"]
    assert more == json.loads(small.pop("more"))
    assert large == small


def test_an_unknown_field_of_a_large_record_is_named() -> None:
    raw = json.dumps({"id": 1, "語": "é" * 600_000}, ensure_ascii=False).encode()
    file = read_file(THINGS, b'{"id": 0}\n' + raw)
    assert file.codes(2) == [("語", "unknown_field")]


def test_a_large_record_that_repeats_a_field_is_refused() -> None:
    raw = '{{"id": 1, "名前": "{}", "名前": "x"}}'.format("é" * 600_000).encode()
    file = read_file(THINGS, b'{"id": 0}\n' + raw)
    assert file.codes(2) == [("名前", "duplicate_field")]
