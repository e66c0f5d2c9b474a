"""Values in any format survive the round trip through PostgreSQL, for every type."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.postgres.databases import Connection, Database
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from waybill.columns.check import Checker
from waybill.columns.stage import RowEncoder
from waybill.contract.model import Contract
from waybill.database.copying import copy_into
from waybill.records.reading import read_records
from waybill.records.sniffer import sniff_layout

KINDS = ["int2", "int4", "int8", "numeric", "float4", "float8", "bool", "date", "timestamp"]
KINDS += ["timestamptz", "text", "uuid", "jsonb"]
STAGED = {kind: column("x", kind).stage for kind in KINDS}
TABLE = ", ".join(f"{kind}_ {STAGED[kind]}" for kind in KINDS)
BACK = ", ".join(f"{kind}_::{kind}" for kind in KINDS)


class Writing(NamedTuple):
    """How numbers, dates and words are written, as the contract says it."""

    formats: dict[str, Any]
    decimal: str = "."
    thousands: str = ""
    day: str = "%Y-%m-%d"
    time: str = "%Y-%m-%dT%H:%M:%S.%f"
    words: tuple[str, str] = ("true", "false")

    def number(self, value: Decimal | int) -> str:
        text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,d}"
        return text.replace(",", "_").replace(".", self.decimal).replace("_", self.thousands)


PLAIN = Writing({})
GERMAN = Writing(
    {
        "*": {"decimal": ",", "thousands": ".", "true_words": ["ja"], "false_words": ["nein"]},
        "date_": {"date": "DD.MM.YYYY"},
        "timestamp_": {"date": "DD.MM.YYYY HH24:MI:SS,US"},
        "timestamptz_": {"date": "DD.MM.YYYY HH24:MI:SS,US", "zone": "UTC"},
    },
    ",",
    ".",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M:%S,%f",
    ("JA", "Nein"),
)
SWISS = Writing(
    {
        "*": {"thousands": "'", "date": "YYYYMMDDTHH24MISSUS", "zone": "UTC"},
        "date_": {"date": "MM/DD/YYYY"},
    },
    thousands="'",
    day="%m/%d/%Y",
    time="%Y%m%dT%H%M%S%f",
)
dates = st.dates(date(1000, 1, 1))
times = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - local times
records = st.tuples(
    st.integers(-(2**15), 2**15 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.decimals(places=5, allow_nan=False, allow_infinity=False),
    st.decimals(-10000, 10000, places=3),
    st.decimals(-(10**9), 10**9, places=5),
    st.booleans(),
    dates,
    times,
    times,
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9),
    st.uuids(),
    st.text("ab{}", max_size=4),
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect() as found:
        found.execute(
            f"CREATE TEMP TABLE staged (_waybill_chunk int4, _waybill_line int8, {TABLE})".encode()
        )
        yield found


def cells(record: tuple[Any, ...], writing: Writing) -> list[str]:
    """The record as a file has it."""
    naive, instant = record[8], record[9]
    zone = "Z" if writing is PLAIN else ""
    return [
        *(writing.number(value) for value in record[:6]),
        writing.words[0 if record[6] else 1],
        f"{record[7]:{writing.day}}",
        f"{naive:{writing.time}}",
        f"{instant:{writing.time}}" + zone,
        record[10],
        str(record[11]),
        f'"{record[12]}"',
    ]


def stage(connection: Connection, things: Contract, data: bytes) -> None:
    layout = sniff_layout(data, things, whole=True)
    checker = Checker(things, layout, 0)
    encoder = RowEncoder(checker.schema)
    connection.execute("TRUNCATE staged")
    with copy_into(connection, "pg_temp", "staged", checker.schema.names) as to:
        for block in read_records([data], layout, layout.first_line):
            checked = checker.check(block)
            assert not checked.rejected, [batch.to_pylist() for batch in checked.rejects]
            for rows in encoder.encode([checked.staged]):
                to.write(rows)


@given(st.lists(records, min_size=1, max_size=6), st.sampled_from([PLAIN, GERMAN, SWISS]))
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_type_in_every_format(
    connection: Connection, given_records: list[tuple[Any, ...]], writing: Writing
) -> None:
    columns = [column(f"{kind}_", kind) for kind in KINDS]
    things = contract(*columns, formats=writing.formats, delimiter="|", header="absent")
    lines = [
        "|".join('"' + cell.replace('"', '""') + '"' for cell in cells(record, writing))
        for record in given_records
    ]
    stage(connection, things, "\n".join(lines).encode())
    found = connection.execute(
        f"SELECT {BACK} FROM staged ORDER BY _waybill_line".encode()
    ).fetchall()
    for row, record in zip(found, given_records, strict=True):
        assert row[:4] == record[:4]
        assert row[4] == pytest.approx(float(record[4]), rel=1e-6)
        assert row[5:9] == (float(record[5]), *record[6:9])
        assert row[9] == record[9].replace(tzinfo=UTC)
        assert row[10:] == (record[10], UUID(str(record[11])), record[12])


@given(times.filter(lambda moment: moment.year > 1900), st.integers(-14 * 4, 14 * 4))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_local_times_and_offsets_agree_with_postgresql(
    connection: Connection, moment: datetime, quarters: int
) -> None:
    moment = moment.replace(microsecond=0, year=min(moment.year, 2037))
    offset = timedelta(minutes=15 * quarters)
    sign, minutes = "-" if quarters < 0 else "+", abs(quarters) * 15
    texts = [
        f"{moment:%Y-%m-%dT%H:%M:%S}",
        f"{moment:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02}:{minutes % 60:02}",
    ]
    things = contract(column("x", "timestamptz"), formats={"x": {"zone": "America/New_York"}})
    file = read_file(things, "\n".join(texts).encode())
    rows = {row["_waybill_line"]: row["x"] for row in file.rows}
    assert rows[2] == moment.replace(tzinfo=UTC) - offset
    if 1 in rows:
        query = "SELECT %s::timestamp AT TIME ZONE 'America/New_York'"
        assert connection.execute(query, (moment,)).fetchone() == (rows[1],)
