"""A run with `lookback` begins before the cursor, exactly so far, and the cursor stays."""

import json
from typing import Any

import pytest

from functions.pipeline.extract.look_back import begin_before, cursor_before, later_cursor
from functions.pipeline.extract.source_error import SourceError
from waybill.errors import Rejected
from waybill.sources.connections import DatabaseConnection
from waybill.sources.definition import parse_connection


def source(lookback: int | None = 900, **given: Any) -> DatabaseConnection:
    values = {"engine": "postgresql", "host": "legacy.example", "database": "hr", "table": "wards",
              "key": ["id"], "incremental": "changed", "lookback": lookback, "secret_arn": "arn",
              **given}  # fmt: skip
    found = parse_connection("database", values)
    assert isinstance(found, DatabaseConnection)
    return found


@pytest.mark.parametrize(
    ("cursor", "start"),
    [
        ("2026-01-01 00:10:00", "2025-12-31 23:55:00"),
        ("2026-01-01 00:10:00.5+00", "2025-12-31 23:55:00.500000+00:00"),
        ("2026-01-01", "2025-12-31 23:45:00"),
        ("1000", "100"),
        ("100", "-800"),
        ("10.5", "-889.5"),
        ("1234567890123456789012345678901234567.5", "1234567890123456789012345678901233667.5"),
        ("1e+30", "999999999999999999999999999100"),
        ("0001-01-01 00:01:00", None),
        (None, None),
    ],
)
def test_it_begins_so_far_before_the_value(cursor: str | None, start: str | None) -> None:
    assert begin_before(source(), cursor) == start


def test_of_a_cursor_with_a_key_the_value_counts() -> None:
    assert begin_before(source(), json.dumps(["1000", "7"])) == "100"


def test_without_lookback_it_begins_at_the_cursor() -> None:
    assert begin_before(source(None), '["x", "7"]') == '["x", "7"]'


@pytest.mark.parametrize("cursor", ["x", "NaN", "Infinity", "infinity", "1e999999999", "1e-999999"])
def test_what_is_neither_a_number_nor_a_time_is_refused(cursor: str) -> None:
    with pytest.raises(SourceError) as refused:
        begin_before(source(), cursor)
    assert refused.value.reason == "refused"


@pytest.mark.parametrize(
    ("before", "cursor", "expected"),
    [
        ('["10", "1"]', '["9", "5"]', '["10", "1"]'),
        ('["10", "1"]', '["10", "5"]', '["10", "5"]'),
        ('["9", "1"]', '["10", "1"]', '["10", "1"]'),
        ("2026-01-02", '["2026-01-01 23:00:00", "1"]', "2026-01-02"),
        ("2026-01-02", '["2026-01-03 00:00:00+00", "1"]', '["2026-01-03 00:00:00+00", "1"]'),
        (None, '["1", "1"]', '["1", "1"]'),
    ],
)
def test_the_cursor_does_not_go_back(before: str | None, cursor: str, expected: str) -> None:
    assert later_cursor(source(), before, cursor) == expected


def test_lookback_needs_an_incremental_column() -> None:
    with pytest.raises(Rejected, match="needs `incremental`"):
        source(incremental=None)


@pytest.mark.parametrize(
    ("cursor", "start"),
    [
        ("2026-01-01T00:10:00Z", "2025-12-31T23:55:00Z"),
        ("2026-01-01T00:10:00+02:00", "2025-12-31T23:55:00+02:00"),
        ("2026-01-01T00:10:00.250Z", "2025-12-31T23:55:00.250000Z"),
        ("2026-01-01T00:10:00.000Z", "2025-12-31T23:55:00.000000Z"),
        ("2026-01-01 00:10:00", "2025-12-31 23:55:00"),
        ("2026-01-01", "2025-12-31"),
        ("1000", "100"),
        ("0001-01-01T00:01:00Z", "0001-01-01T00:01:00Z"),
    ],
)
def test_of_an_api_the_value_keeps_its_form(cursor: str, start: str) -> None:
    assert cursor_before(cursor, 900) == start


def test_a_cursor_of_an_api_that_is_a_token_is_refused() -> None:
    with pytest.raises(SourceError, match="numbers or times"):
        cursor_before("b2Zmc2V0", 900)


@pytest.mark.parametrize("cursor", ["20260131T120000Z", "2026-W05-6", "2026-W05-6T12:00:00Z"])
def test_a_time_of_an_api_in_another_form_is_refused(cursor: str) -> None:
    with pytest.raises(SourceError, match="2026-01-31T12:00:00Z"):
        cursor_before(cursor, 900)
