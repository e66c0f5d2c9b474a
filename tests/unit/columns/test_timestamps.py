"""Times that are accepted or rejected without a declared format."""

import re
from datetime import UTC, date, datetime

import pytest

from tests.unit.columns.checking import outcome
from tests.unit.columns.contracts import column, contract
from waybill.columns import codes, times

MOMENT = datetime(2021, 7, 27, 16, 2, 8, tzinfo=UTC)
NAIVE = MOMENT.replace(tzinfo=None)


def checked(kind: str, text: str) -> object:
    """The value, or the code under which it is refused; quoted, so that blanks count."""
    things = contract(column("id", "text"), column("x", kind))
    found = outcome(things, f'1,"{text}"'.encode())
    return found.rows[0]["x"] if found.rows else found.codes(1)[0][1]


VALID = [
    ("date", "2021-07-27", date(2021, 7, 27)),
    ("timestamp", "2021-07-27T16:02:08", NAIVE),
    ("timestamp", "2021-07-27 16:02:08", NAIVE),
    ("timestamp", "2021-07-27T16:02:08.5", NAIVE.replace(microsecond=500_000)),
    ("timestamp", "2021-07-27T16:02:08.123456", NAIVE.replace(microsecond=123_456)),
    ("timestamptz", "2021-07-27T16:02:08Z", MOMENT),
    ("timestamptz", "2021-07-27 16:02:08Z", MOMENT),
    ("timestamptz", "2021-07-27T16:02:08.5Z", MOMENT.replace(microsecond=500_000)),
    ("timestamptz", "2021-07-27T16:02:08.500000000Z", MOMENT.replace(microsecond=500_000)),
    ("timestamp", "2021-07-27T16:02:08.123456000", NAIVE.replace(microsecond=123_456)),
    ("timestamptz", "2021-07-27T18:02:08+02", MOMENT),
    ("timestamptz", "2021-07-27T18:02:08+0200", MOMENT),
    ("timestamptz", "2021-07-27T18:02:08+02:00", MOMENT),
    ("timestamptz", "2021-07-27 11:32:08.000-04:30", MOMENT),
]


@pytest.mark.parametrize(("kind", "text", "value"), VALID)
def test_valid_times_are_staged(kind: str, text: str, value: object) -> None:
    assert checked(kind, text) == value


@pytest.mark.parametrize(
    "text",
    [
        "2021-07-27",
        "2021-07-27T16Z",
        "2021-07-27T16:02Z",
        "2021-07-27T16:02:08z",
        "2021-07-27t16:02:08Z",
        "2021-07-27  16:02:08Z",
        "2021-07-27T16:02:08 Z",
        "2021-07-27T16:02:08 +02:00",
        " 2021-07-27T16:02:08Z",
        "2021-07-27T16:02:08Z ",
        "2021-07-27_16:02:08Z",
        "2021-07-27T16:02:08,5Z",
        "2021-07-27T16:02:08.Z",
        "2021-07-27T16:02:08+2",
        "2021-07-27T16:02:08+02:0",
        "2021-07-27T16:02:08+24:00",
        "2021-07-27T16:02:08+02:60",
        "2021-07-27T16:02:08+02:00:00",
        "2021-07-27T16:02:08UTC",
        "2021-07-27T16:02:08 Europe/Zurich",
        "2021-07-27T16:02:08PM",
        "2021-07-27T24:00:00Z",
        "2021-07-27T23:59:60Z",
        "2021-07-27T16:60:00Z",
        "2021-7-27T16:02:08Z",
        "2021-07-27T4:02:08Z",
        "21-07-27T16:02:08Z",
        "12021-07-27T16:02:08Z",
        "-2021-07-27T16:02:08Z",
        "2021-02-30T16:02:08Z",
        "2021-02-29T16:02:08Z",
        "2021-00-27T16:02:08Z",
        "2021-13-27T16:02:08Z",
        "2021/07/27T16:02:08Z",
        "27/07/2021 16:02:08Z",
        "20210727T160208Z",
        "2021-W30-2T16:02:08Z",
        "2021-208T16:02:08Z",
        "Jul 27 2021 16:02:08Z",
        "Tue, 27 Jul 2021 16:02:08 GMT",
        "1627401728",
        "1627401728000",
        "44404.668",
        "now",
        "today",
        "epoch",
        "infinity",
        "-infinity",
    ],
)
def test_invalid_times_are_rejected(text: str) -> None:
    assert checked("timestamptz", text) == codes.INVALID_TIMESTAMP


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("timestamptz", "2021-07-27T16:02:08.1234567Z", codes.TOO_MANY_DECIMALS),
        ("timestamptz", "2021-07-27T16:02:08", codes.TIMESTAMP_WITHOUT_ZONE),
        ("timestamp", "2021-07-27T16:02:08Z", codes.TIMESTAMP_WITH_ZONE),
        ("timestamp", "2021-07-27", codes.INVALID_TIMESTAMP),
        ("date", "2021-07-27T00:00:00", codes.INVALID_DATE),
        ("timestamptz", "0000-12-31T00:00:00Z", codes.OUT_OF_RANGE),
        ("timestamptz", "9999-12-31T23:59:59-01", codes.OUT_OF_RANGE),
    ],
)
def test_invalid_times_with_a_code_of_their_own(kind: str, text: str, code: str) -> None:
    assert checked(kind, text) == code


def test_every_documented_example_is_valid() -> None:
    examples = re.findall(r"``([0-9]{4}-[^`]+)``", times.__doc__ or "")
    assert set(examples) <= {text for _, text, _ in VALID}
    assert len(examples) == 8
