"""Dates and times in another format: the reject names the declarations that would load them."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file

SUGGESTION = re.compile(r"; declare the format (.*) to load it")
D_M = "DD/MM/YYYY"
DAYS = st.dates(min_value=date(1000, 1, 1))
WRITTEN = {
    "D/M/YYYY": lambda day: f"{day.day}/{day.month}/{day.year}",
    "M/D/YYYY": lambda day: f"{day.month}/{day.day}/{day.year}",
    "DD.MM.YYYY": lambda day: f"{day.day:02}.{day.month:02}.{day.year}",
    "YYYY/M/D": lambda day: f"{day.year}/{day.month}/{day.day}",
    "D Mon YYYY": lambda day: f"{day.day} {day:%b} {day.year}",
    "YYYYMMDD": lambda day: f"{day.year}{day.month:02}{day.day:02}",
}


def read(kind: str, texts: list[str], **declared: Any) -> File:
    formats = {"x": declared} if declared else {}
    things = contract(column("id", "int4"), column("x", kind), formats=formats, header="absent")
    return read_file(things, "".join(f'{n},"{text}"\n' for n, text in enumerate(texts, 1)).encode())


def suggestions(file: File) -> dict[int, str]:
    """By line, the formats that the reject names; empty if none."""
    messages = {line: reject["errors"][0]["message"] for line, reject in file.rejects.items()}
    found = {line: SUGGESTION.search(message) for line, message in messages.items()}
    return {line: match[1] if match else "" for line, match in found.items()}


@pytest.mark.parametrize(
    ("kind", "text", "formats"),
    [
        ("date", "1/2/2024", "D/M/YYYY or M/D/YYYY"),
        ("date", "01/02/2024", "DD/MM/YYYY or MM/DD/YYYY"),
        ("date", "13/2/2024", "D/M/YYYY"),
        ("date", "2/13/2024", "M/D/YYYY"),
        ("date", "31.12.24", "DD.MM.YY or YY.MM.DD"),
        ("date", "1.2.3", ""),
        ("date", "05-06-07", "DD-MM-YY or MM-DD-YY or YY-MM-DD"),
        ("date", "2024/1/31", "YYYY/M/D"),
        ("date", "20240131", "YYYYMMDD"),
        ("date", "5-SEP-24", "D-Mon-YY"),
        ("date", "Jan 31, 2024", "Mon DD, YYYY"),
        ("date", "3 May 2024", "D Mon YYYY or D Month YYYY"),
        ("date", "2024-02-30", ""),
        ("date", "32/1/2024", ""),
        ("date", "31/12/2024 10:00", ""),
        ("date", "tomorrow", ""),
        ("timestamp", "27.01.2022 1:04", "DD.MM.YYYY H24:MI"),
        ("timestamp", "2022-01-27", "YYYY-MM-DD"),
        ("timestamp", "2022-01-27 10:11:12,123", "YYYY-MM-DD HH24:MI:SS,MS"),
        ("timestamp", "2022-01-27 10:11:12+01", ""),
        ("timestamptz", "2022/01/27 11:04:57 PM", "YYYY/MM/DD HH12:MI:SS AM and the zone"),
        ("timestamptz", "1/27/2022 1:04pm", "M/D/YYYY H12:MIAM and the zone"),
        ("timestamptz", "27/01/2022 10:11 +0130", "DD/MM/YYYY HH24:MI TZHTZM"),
    ],
)
def test_the_formats_that_read_a_refused_value_are_named(
    kind: str, text: str, formats: str
) -> None:
    assert suggestions(read(kind, [text])) == {1: formats}


def test_a_format_that_reads_the_whole_column_is_named() -> None:
    file = read("date", ["01/02/2024", "1/2/2024", "13/2/2024", "x"], date=D_M)
    assert suggestions(file) == {2: "D/M/YYYY", 3: "D/M/YYYY", 4: ""}
    assert file.warnings == ["Column x: declare the format D/M/YYYY to load the rejected values."]


def test_both_formats_of_an_ambiguous_column_are_named() -> None:
    file = read("date", ["01/02/2024", "1/2/2024"], date=D_M)
    assert suggestions(file) == {2: "D/M/YYYY or M/D/YYYY"}


def test_values_in_two_formats_get_their_own() -> None:
    file = read("date", ["2024-01-02", "13/2/2024", "Jan 3, 2024"])
    assert suggestions(file) == {2: "D/M/YYYY", 3: "Mon D, YYYY"}


def test_the_zone_is_declared_already() -> None:
    file = read("timestamptz", ["2022/1/27 11:04"], date="YYYY-MM-DD HH24:MI", zone="UTC")
    assert suggestions(file) == {1: "YYYY/M/D HH24:MI"}


def test_a_time_without_a_zone_names_the_zone() -> None:
    message = read("timestamptz", ["2022-01-27T10:11:12"]).rejects[1]["errors"][0]["message"]
    assert message.endswith("; declare the zone to load it")


@settings(max_examples=30)
@given(st.sampled_from(sorted(WRITTEN)), st.lists(DAYS, min_size=1, max_size=5))
def test_what_is_suggested_loads_the_column(pattern: str, days: list[Any]) -> None:
    texts = [WRITTEN[pattern](day) for day in days]
    found = suggestions(read("date", texts))
    assert set(found) == set(range(1, len(days) + 1))
    readings = [read("date", texts, date=each) for each in found[1].split(" or ")]
    assert all(not reading.rejects for reading in readings)
    assert days in [[row["x"] for row in reading.rows] for reading in readings]
