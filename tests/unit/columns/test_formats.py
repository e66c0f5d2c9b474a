"""Formats of the contract: each value taken or refused, and what a format may not be."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file
from waybill.contract.model import Contract
from waybill.errors import Rejected

SWISS = {"decimal": ".", "thousands": "'"}
GERMAN = {"decimal": ",", "thousands": "."}
ZURICH = {"date": "DD.MM.YYYY HH24:MI", "zone": "Europe/Zurich"}


def things(kind: str, written: dict[str, Any]) -> Contract:
    return contract(column("id", "int4"), column("x", kind), formats={"x": written}, delimiter="|")


def read(kind: str, written: dict[str, Any], *texts: str) -> File:
    lines = "".join(f"{n}|{text}\n" for n, text in enumerate(texts, 1))
    return read_file(things(kind, written), lines.encode())


@pytest.mark.parametrize(
    ("kind", "written", "text", "value"),
    [
        ("numeric", GERMAN, "1.234.567,89", "1234567.89"),
        ("numeric", GERMAN, "-1234,5", "-1234.5"),
        ("numeric", {"thousands": "."}, "1.234,5", "1234.5"),
        ("numeric", {"decimal": ","}, ",5", ".5"),
        ("numeric", SWISS, "1'234.5", "1234.5"),
        ("numeric", {"thousands": " "}, "12 345", "12345"),
        ("int4", GERMAN, "-1.234", -1234),
        ("int8", SWISS, "9'223'372'036'854'775'807", 2**63 - 1),
        ("float8", GERMAN, "1.234,5e-3", 1.2345),
        ("bool", {"true_words": ["ja", "J"], "false_words": ["Nein"]}, "NEIN", False),
        ("bool", {"true_words": ["yes", "on"], "false_words": ["no"]}, "On", True),
        ("bool", {"true_words": ["ja"]}, "f", False),
        ("date", {"date": "DD/MM/YYYY"}, "29/02/2024", date(2024, 2, 29)),
        ("date", {"date": "YYYYMMDD"}, "00010101", date(1, 1, 1)),
        ("date", {"date": "DD.MM.YY"}, "31.12.69", date(2069, 12, 31)),
        ("date", {"date": "DD.MM.YY"}, "01.01.70", date(1970, 1, 1)),
        ("date", {"date": 'DD "de" MM "de" YYYY'}, "05 de 11 de 1955", date(1955, 11, 5)),
        ("timestamp", {"date": "DD/MM/YYYY HH24:MI:SS"}, "27/07/2021 16:02:08",
         datetime(2021, 7, 27, 16, 2, 8)),  # noqa: DTZ001 - it has no zone
        ("timestamp", {"date": "YYYYMMDDTHH24MISS.US"}, "19681231T235959.000001",
         datetime(1968, 12, 31, 23, 59, 59, 1)),  # noqa: DTZ001 - it has no zone
        ("timestamptz", {"date": "DD/MM/YYYY HH24:MI TZH:TZM"}, "27/07/2021 16:02 -03:30",
         datetime(2021, 7, 27, 19, 32, tzinfo=UTC)),
        ("timestamptz", ZURICH, "27.07.2021 16:02", datetime(2021, 7, 27, 14, 2, tzinfo=UTC)),
        ("timestamptz", ZURICH, "31.10.2021 01:59", datetime(2021, 10, 30, 23, 59, tzinfo=UTC)),
        ("timestamptz", ZURICH, "31.10.2021 03:00", datetime(2021, 10, 31, 2, 0, tzinfo=UTC)),
        ("timestamptz", {"date": "DD/MM/YYYY", "zone": "America/Lima"}, "01/01/2021",
         datetime(2021, 1, 1, 5, tzinfo=UTC)),
        ("timestamptz", {"zone": "Asia/Kathmandu"}, "2021-07-27 16:02:08.5",
         datetime(2021, 7, 27, 10, 17, 8, 500_000, UTC)),
        ("timestamptz", {"zone": "Asia/Kathmandu"}, "2021-07-27T16:02:08Z",
         datetime(2021, 7, 27, 16, 2, 8, tzinfo=UTC)),
        ("text", GERMAN, "1.234,5", "1.234,5"),
    ],
)  # fmt: skip
def test_takes(kind: str, written: dict[str, Any], text: str, value: object) -> None:
    alone, beside = read(kind, written, text), read(kind, written, text, "!bad!", "")
    assert [alone.rows[0]["x"], beside.rows[0]["x"]] == [value, value]
    assert beside.rows[-1]["x"] is None


@pytest.mark.parametrize(
    ("kind", "written", "texts", "code"),
    [
        ("numeric", GERMAN, "1.5 12.34,5 1.2345 1,234.5 .123 1..234 1.234.56 1,5,0",
         "invalid_number"),
        ("numeric", {"decimal": ","}, "1.5 1.234 , 1_0", "invalid_number"),
        ("numeric", SWISS, "1,5 12'34 '123 1234'567", "invalid_number"),
        ("int4", GERMAN, "1,5 1,0 1.23 0x10 +5", "invalid_integer"),
        ("int4", GERMAN, "2.147.483.648", "out_of_range"),
        ("bool", {"true_words": ["ja"], "false_words": ["nein"]}, "true t 1 0 j",
         "invalid_boolean"),
        ("date", {"date": "DD/MM/YYYY"},
         "30/02/2021 29/02/2023 2021-07-27 7/4/2021 07/27/2021 27/07/21 00/01/2021 01/00/2021"
         " 27.07.2021 27/07/2021x", "invalid_date"),
        ("date", {"date": "DD/MM/YYYY"}, "01/01/0000", "out_of_range"),
        ("timestamp", {"date": "DD/MM/YYYY_HH24:MI"},
         "27/07/2021_24:00 27/07/2021_16:60 27/07/2021", "invalid_timestamp"),
        ("timestamptz", {"date": "DD/MM/YYYY"}, "27/07/2021", "timestamp_without_zone"),
        ("timestamptz", {"date": "DD.MM.YYYY_HH24:MI", "zone": "Europe/Zurich"},
         "28.03.2021_02:00 28.03.2021_02:59", "nonexistent_time"),
        ("timestamptz", {"date": "DD.MM.YYYY_HH24:MI", "zone": "Europe/Zurich"},
         "31.10.2021_02:00 31.10.2021_02:59", "ambiguous_time"),
        ("timestamptz", {"zone": "Europe/Zurich"}, "2021-03-28T02:30:00", "nonexistent_time"),
        ("timestamptz", {"zone": "Europe/Zurich"}, "2021-02-30T02:30:00 2021-07-27",
         "invalid_timestamp"),
        ("timestamptz", {"zone": "Pacific/Auckland"}, "0001-01-01T00:00:00", "out_of_range"),
    ],
)  # fmt: skip
def test_refuses(kind: str, written: dict[str, Any], texts: str, code: str) -> None:
    given_texts = texts.split(" ")
    file = read(kind, written, *given_texts)
    assert [file.codes(n) for n in range(1, len(given_texts) + 1)] == [[("x", code)]] * len(
        given_texts
    )
    assert file.rejects[1]["values"]["x"] == given_texts[0]


def test_a_format_may_be_for_every_column() -> None:
    every = contract(
        column("a", "numeric"),
        column("b", "date"),
        column("c", "timestamp"),
        column("d", "text"),
        column("e", "numeric"),
        formats={"*": {"decimal": ",", "date": "DD/MM/YYYY"}, "e": {"decimal": "."}},
        delimiter=";",
    )
    file = read_file(every, b"1,5;27/07/2021;2021-07-27T16:02:08;1,5;2.5\n")
    assert file.values[0][0] == "1.5"
    assert file.values[0][3:] == ("1,5", "2.5")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("date", {"date": "DD/MM"}),
        ("date", {"date": "DD/MM/YYYY HH24:MI"}),
        ("date", {"date": "Mon DD YYYY"}),
        ("date", {"date": "DD/DD/MM/YYYY"}),
        ("timestamp", {"date": "DD/MM/YYYY TZH"}),
        ("timestamptz", {"date": "DD/MM/YYYY TZM"}),
        ("timestamptz", {"zone": "Mars/Olympus"}),
        ("timestamptz", {"zone": "../../etc/passwd"}),
        ("numeric", {"decimal": ",", "thousands": ","}),
        ("numeric", {"decimal": "0"}),
        ("numeric", {"decimal": ",,"}),
    ],
)
def test_a_format_without_meaning_breaks_the_contract(kind: str, written: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="contract-broken"):
        read(kind, written, "1")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_numbers_round_trip(number: Decimal, grouped: bool) -> None:
    text = f"{number:,f}" if grouped else f"{number:f}"
    german = text.replace(",", " ").replace(".", ",").replace(" ", ".")
    assert Decimal(read("numeric", GERMAN, german).rows[0]["x"]) == number


@given(
    st.lists(
        st.datetimes(datetime(1960, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 - local times
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(
        ["Europe/Zurich", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca"]
    ),
)
@settings(max_examples=150, deadline=None)
@example([datetime(2021, 3, 28, 2, 30), datetime(2021, 10, 31, 2, 30)], "Europe/Zurich")  # noqa: DTZ001
def test_local_times_are_the_zone_s(moments: list[datetime], name: str) -> None:
    moments = [moment.replace(microsecond=0) for moment in moments]
    written = {"date": "DD/MM/YYYY HH24:MI:SS", "zone": name}
    file = read("timestamptz", written, *(f"{moment:%d/%m/%Y %H:%M:%S}" for moment in moments))
    zone = ZoneInfo(name)
    for number, moment in enumerate(moments, 1):
        both = {moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        back = {one for one in both if one.astimezone(zone).replace(tzinfo=None) == moment}
        found = {row["id"]: row["x"] for row in file.rows}
        if len(back) == 1 and len(both) == 1:
            assert found[number] == back.pop() + timedelta()
        else:
            assert file.codes(number)[0][1] == ("ambiguous_time" if back else "nonexistent_time")
