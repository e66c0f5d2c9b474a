"""Parquet, Arrow and Excel go the whole path: planned, loaded and merged as CSV is."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from ipaddress import IPv4Address
from typing import Any

import pyarrow as pa
import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection, Database
from tests.unit.binary.encode import ENCODERS, parquet
from tests.unit.binary.workbooks import number, sheet_xml, with_another_part_first, workbook

_SHIPS = """
CREATE TYPE flag AS ENUM ('red', 'green');
CREATE TABLE ships (
    id integer PRIMARY KEY,
    small smallint, large bigint, tons numeric(12, 3), width real, length double precision,
    sails boolean, built date, seen timestamp, landed timestamptz, sailed time, took interval,
    name text, short varchar(5), code char(3), uid uuid, image bytea, extra jsonb, host inet,
    crew integer[], notes text[], flag flag,
    CHECK (tons > 0)
);
SELECT waybill.register_dataset('ships');
"""
INSTANT = dt.datetime(2021, 7, 27, 16, 2, 8, 123456, tzinfo=dt.UTC)
UID = uuid.UUID("0190a1b2-0000-7000-8000-000000000001")
# Column, Arrow type, value, and what PostgreSQL returns for it.
VALUES: dict[str, tuple[Any, Any, Any]] = {
    "small": (pa.int16(), -5, -5),
    "large": (pa.int64(), 2**62, 2**62),
    "tons": (pa.decimal128(12, 3), Decimal("1234567.125"), Decimal("1234567.125")),
    "width": (pa.float32(), 0.5, 0.5),
    "length": (pa.float64(), 0.1, 0.1),
    "sails": (pa.bool_(), True, True),
    "built": (pa.date32(), dt.date(1999, 12, 31), dt.date(1999, 12, 31)),
    "seen": (pa.timestamp("us"), INSTANT.replace(tzinfo=None), INSTANT.replace(tzinfo=None)),
    "landed": (pa.timestamp("us", "UTC"), INSTANT, INSTANT),
    "sailed": (pa.time64("us"), dt.time(4, 5, 6, 7), dt.time(4, 5, 6, 7)),
    "took": (
        pa.duration("us"),
        dt.timedelta(hours=30, microseconds=5),
        dt.timedelta(hours=30, microseconds=5),
    ),
    "name": (pa.string(), 'a "ship",\n é', 'a "ship",\n é'),
    "short": (pa.large_string(), "abcde", "abcde"),
    "code": (pa.dictionary(pa.int8(), pa.string()), "abc", "abc"),
    "uid": (pa.binary(16), UID.bytes, UID),
    "image": (pa.binary(), b"\0\xff", b"\0\xff"),
    "extra": (pa.struct({"a": pa.list_(pa.int64())}), {"a": [2**60]}, {"a": [2**60]}),
    "host": (pa.string(), "10.0.0.1", IPv4Address("10.0.0.1")),
    "crew": (pa.list_(pa.int32()), [1, None], [1, None]),
    "notes": (pa.list_(pa.string()), ['x"y', ""], ['x"y', ""]),
    "flag": (pa.string(), "green", "green"),
}
STATES = (
    "SELECT state, read, inserted, updated, unchanged, rejected FROM waybill.ingestion_jobs"
    " ORDER BY landing_order"
)


@pytest.fixture
def admin(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(database, "pipeline")
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(_SHIPS)
        yield connection


def ships(count: int) -> pa.Table:
    """Two of three ships have all values; the others only the key."""
    columns = {
        name: pa.array([None if row % 3 == 2 else value for row in range(count)], kind)
        for name, (kind, value, _) in VALUES.items()
    }
    return pa.table({"id": pa.array(range(count), pa.int64()), **columns})


@pytest.mark.parametrize("file_format", ENCODERS)
def test_every_type_is_stored_as_it_is_in_the_file(
    admin: Connection, cloud: Cloud, file_format: str
) -> None:
    land(cloud, "ships", "ships", ENCODERS[file_format](ships(7)))
    settle(cloud)
    assert admin.execute(STATES).fetchall() == [("COMPLETED", 7, 7, 0, 0, 0)]
    names = ", ".join(VALUES)
    rows = admin.execute(f"SELECT {names} FROM ships ORDER BY id".encode()).fetchall()
    expected = tuple(stored for _, _, stored in VALUES.values())
    empty = (None,) * len(VALUES)
    assert rows == [empty if row % 3 == 2 else expected for row in range(7)]


def test_chunks_of_row_groups_and_their_rejects(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "4000")
    tons = [Decimal(0) if row == 777 else Decimal(1) for row in range(1000)]
    table = pa.table(
        {
            "id": pa.array([None if row == 555 else row for row in range(1000)], pa.float64()),
            "tons": pa.array(tons, pa.decimal128(12, 3)),
            "name": [f"a rather long name of the ship {row * 7919 % 1000}" for row in range(1000)],
        }
    )
    land(cloud, "ships", "ships.parquet", parquet(table, row_group_size=100))
    settle(cloud)
    assert admin.execute(STATES).fetchall() == [("COMPLETED_WITH_REJECTS", 1000, 998, 0, 0, 2)]
    assert admin.execute("SELECT count(*) > 3 FROM waybill.chunks").fetchone() == (True,)
    rejects = admin.execute(
        "SELECT line, raw, errors -> 0 ->> 'code' FROM waybill.validation_errors ORDER BY line"
    ).fetchall()
    assert [(line, code) for line, _, code in rejects] == [
        (556, "required"),
        (778, "check_violation"),
    ]
    assert b'"id": "777", "tons": "0.000"' in rejects[1][1]


def test_the_same_rows_in_every_format_are_unchanged(admin: Connection, cloud: Cloud) -> None:
    table = ships(7).select(["id", "small", "tons", "sails", "seen", "name"])
    for second, encode in enumerate(ENCODERS.values()):
        land(cloud, "ships", f"{second}", encode(table), second=second)
    sheet = {1: dict(zip("ABCDEF", table.column_names, strict=True))}
    for row in range(7):
        seen = number("44404.668149577033", 2)
        values = [-5, number("1234567.125"), True, seen, 'a "ship",\n é']
        cells = dict(zip("BCDEF", values, strict=True)) if row % 3 != 2 else {}
        sheet[row + 2] = {"A": row, **cells}
    book = workbook({"S": sheet_xml(sheet)})
    # Whatever part it begins with, it is no archive.
    land(cloud, "ships", "3.xlsx", with_another_part_first(book), second=3)
    settle(cloud)
    # Excel's times have milliseconds.
    assert admin.execute(STATES).fetchall() == [
        ("COMPLETED", 7, 7, 0, 0, 0),
        ("COMPLETED", 7, 0, 0, 7, 0),
        ("COMPLETED", 7, 0, 0, 7, 0),
        ("COMPLETED", 7, 0, 5, 2, 0),
    ]


def test_a_damaged_file_fails_with_its_reason(admin: Connection, cloud: Cloud) -> None:
    data = bytearray(parquet(ships(1000), compression="zstd"))
    # In the pages: the footer is whole, and the plan succeeds.
    data[500:1500] = bytes(1000)
    land(cloud, "ships", "ships.parquet", bytes(data))
    settle(cloud)
    state, error = admin.execute(
        "SELECT state, error ->> 'type' FROM waybill.ingestion_jobs"
    ).fetchall()[0]
    assert (state, error) == ("FAILED", "corrupt-file")
    assert admin.execute("SELECT count(*) FROM ships").fetchone() == (0,)
