"""Formats of the contract: accepted and rejected values, and invalid formats."""

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
AM_PM = {"date": "YYYY/MM/DD HH12:MI:SS AM", "zone": "UTC"}
DOLLAR = {"currency": "$", "thousands": ","}
ACCOUNTING = {"currency": "$", "thousands": ",", "negative": "parentheses"}
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
        ("date", {"date": "D/M/YYYY"}, "1/2/2024", date(2024, 2, 1)),
        ("date", {"date": "D/M/YYYY"}, "31/12/2024", date(2024, 12, 31)),
        ("date", {"date": "M/D/YYYY"}, "1/2/2024", date(2024, 1, 2)),
        ("date", {"date": "M/D/YYYY"}, "01/02/2024", date(2024, 1, 2)),
        ("date", {"date": "D Mon YYYY"}, "29 feb 2024", date(2024, 2, 29)),
        ("date", {"date": "DD-Mon-YY"}, "05-SEP-69", date(2069, 9, 5)),
        ("date", {"date": "Month D, YYYY"}, "December 3, 1999", date(1999, 12, 3)),
        ("date", {"date": "Month D, YYYY"}, "may 31, 2024", date(2024, 5, 31)),
        ("date", {"date": "DD.MM.YY", "pivot": 30}, "01.01.29", date(2029, 1, 1)),
        ("date", {"date": "DD.MM.YY", "pivot": 30}, "01.01.30", date(1930, 1, 1)),
        ("date", {"date": "DD.MM.YY", "pivot": 100}, "01.01.99", date(2099, 1, 1)),
        ("date", {"date": "DD.MM.YY", "pivot": 0}, "01.01.00", date(1900, 1, 1)),
        ("timestamptz", AM_PM, "2022/01/27 11:04:57 PM", datetime(2022, 1, 27, 23, 4, 57, 0, UTC)),
        ("timestamptz", AM_PM, "2022/01/27 12:00:00 am", datetime(2022, 1, 27, tzinfo=UTC)),
        ("timestamptz", AM_PM, "2022/01/27 12:59:59 Pm", datetime(2022, 1, 27, 12, 59, 59, 0, UTC)),
        ("timestamptz", AM_PM, "2022/01/27 01:00:00 AM", datetime(2022, 1, 27, 1, tzinfo=UTC)),
        ("timestamp", {"date": "M/D/YYYY H12:MI AM"}, "7/4/2021 3:05 pm",
         datetime(2021, 7, 4, 15, 5)),  # noqa: DTZ001 - it has no zone
        ("timestamp", {"date": "D.M.YYYY H24:MI"}, "7.4.2021 3:05",
         datetime(2021, 4, 7, 3, 5)),  # noqa: DTZ001 - it has no zone
        ("timestamptz", {"date": "YYYY-MM-DDTHH24:MI:SS.NSZ", "zone": "UTC"},
         "2025-04-01T00:00:00.069866160Z", datetime(2025, 4, 1, 0, 0, 0, 69866, UTC)),
        ("numeric", DOLLAR, "$5.00", "5.00"),
        ("numeric", DOLLAR, "5.00", "5.00"),
        ("numeric", DOLLAR, "-$1,234.50", "-1234.50"),
        ("numeric", DOLLAR, "$ -5", "-5"),
        ("numeric", {"currency": "EUR", "decimal": ","}, "5,00 EUR", "5.00"),
        ("numeric", {"currency": "€", "decimal": ","}, "-5,00€", "-5.00"),
        ("numeric", ACCOUNTING, "(5.00)", "-5.00"),
        ("numeric", ACCOUNTING, "($1,005.00)", "-1005.00"),
        ("numeric", ACCOUNTING, "$(5.00)", "-5.00"),
        ("numeric", ACCOUNTING, "-5.00", "-5.00"),
        ("numeric", {"negative": "trailing"}, "5.00-", "-5.00"),
        ("float8", {"negative": "trailing"}, "5.5-", -5.5),
        ("int4", {"negative": "parentheses", "thousands": ","}, "(1,234)", -1234),
        ("int4", {"trim_quoted": True}, '"  42 "', 42),
        ("numeric", {"trim_quoted": True, "decimal": ","}, '" 4,2"', "4.2"),
        ("text", {"trim_quoted": True}, '" a "', "a"),
    ],
)  # fmt: skip
def test_valid_texts_are_accepted(
    kind: str, written: dict[str, Any], text: str, value: object
) -> None:
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
        ("timestamptz", {"date": "YYYY-MM-DD_HH24:MI:SS", "zone": "Europe/Berlin"},
         "0000-01-01_00:00:00 0000-12-31_23:59:59", "out_of_range"),
        ("date", {"date": "D/M/YYYY"}, "32/1/2024 0/1/2024 1/13/2024 001/1/2024 30/2/2024 1/2/24",
         "invalid_date"),
        ("date", {"date": "D-Mon-YYYY"}, "1-Foo-2024 1-January-2024 1-1-2024 31-Jun-2024",
         "invalid_date"),
        ("timestamp", {"date": "YYYY/MM/DD_HH12:MI_AM"},
         "2022/01/27_13:04_PM 2022/01/27_00:04_AM 2022/01/27_11:04 2022/01/27_11:04_XM",
         "invalid_timestamp"),
        ("numeric", DOLLAR, "€5 $$5 5$5 (5) 5- -$-5 $ EUR5", "invalid_number"),
        ("numeric", ACCOUNTING, "(-5) ((5)) 5- ()", "invalid_number"),
        ("numeric", {"negative": "trailing"}, "-5- 5-- (5) -", "invalid_number"),
        ("int4", {"negative": "trailing"}, "5.5- 1e3-", "invalid_integer"),
    ],
)  # fmt: skip
def test_invalid_texts_are_refused(
    kind: str, written: dict[str, Any], texts: str, code: str
) -> None:
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
        ("date", {"date": "Mo DD YYYY"}),
        ("date", {"date": "MM Mon DD YYYY"}),
        ("date", {"date": "YYYY YY MM DD"}),
        ("date", {"date": "yyyy-mm-dd"}),
        ("timestamp", {"date": "YYYY-MM-DD HH12:MI"}),
        ("timestamp", {"date": "YYYY-MM-DD HH24:MI AM"}),
        ("timestamp", {"date": "YYYY-MM-DD HH24:H24"}),
        ("timestamp", {"date": "YYYY-MM-DD HH24:MI:SS.US.MS"}),
        ("numeric", {"currency": "-"}),
        ("numeric", {"currency": "5"}),
        ("numeric", {"currency": "a b"}),
        ("numeric", {"decimal": "("}),
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
def test_a_format_for_another_type_breaks_the_contract(kind: str, written: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="contract-broken"):
        read_file(things(kind, written).model_copy(update={"header": "absent"}), b"1|1")


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
def test_local_times_follow_the_time_zone(instants: list[datetime], name: str) -> None:
    instants = [moment.replace(microsecond=0) for moment in instants]
    written = {"date": "DD/MM/YYYY HH24:MI:SS", "zone": name}
    file = read("timestamptz", written, *(f"{moment:%d/%m/%Y %H:%M:%S}" for moment in instants))
    zone = ZoneInfo(name)
    for number, moment in enumerate(instants, 1):
        both = {moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        back = {one for one in both if one.astimezone(zone).replace(tzinfo=None) == moment}
        found = {row["id"]: row["x"] for row in file.rows}
        if len(back) == 1 and len(both) == 1:
            assert found[number] == back.pop() + timedelta()
        else:
            assert file.codes(number)[0][1] == ("ambiguous_time" if back else "nonexistent_time")
