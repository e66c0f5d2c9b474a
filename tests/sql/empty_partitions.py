"""A table with partitions that are there and empty, and what is asked of them."""

from typing import Any
from uuid import UUID

from tests.sql.staging import Ledger

# Any number of records is enough for a copy.
_ANY_NUMBER = """
CREATE OR REPLACE FUNCTION waybill.fewest_copied_records() RETURNS bigint
LANGUAGE sql IMMUTABLE RETURN 1
"""
_KINDS = """
CREATE TABLE kinds (id int PRIMARY KEY);
INSERT INTO kinds SELECT generate_series(0, 4);
SELECT waybill.register_dataset('kinds');
"""
_TABLE = """
CREATE TABLE {table} (
    id int, at {kind} NOT NULL, kind int REFERENCES kinds, note text CHECK (note <> ''),
    twice int GENERATED ALWAYS AS (id * 2) STORED, PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX ON {table} (kind, at);
SELECT waybill.register_dataset(
    '{table}', natural_key => '{{id}}', partition_unit => '{unit}'{more});
"""
COLUMNS = ("id", "at", "kind", "note")


def declare(
    ledger: Ledger, table: str, kind: str = "date", unit: str = "year", more: str = ""
) -> None:
    """The table without partitions; `more` arguments of its registration."""
    if not ledger.rows("SELECT FROM pg_class WHERE relname = 'kinds'"):
        ledger.declare(_KINDS + _ANY_NUMBER)
    ledger.declare(_TABLE.format(table=table, kind=kind, unit=unit, more=more))


def add_year(ledger: Ledger, table: str, year: int) -> None:
    """An empty partition for the year."""
    ledger.declare(
        f"SET timezone = 'UTC'; CREATE TABLE {table}_{year} PARTITION OF {table}"
        f" FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01'); RESET timezone"
    )


def load(ledger: Ledger, table: str, at: float, records: list[tuple[Any, ...]]) -> UUID:
    return ledger.load(table, at, records, columns=COLUMNS)


def year_of(year: int, count: int = 40, first: int = 0) -> list[tuple[Any, ...]]:
    """Records with ids from `first`."""
    return [(n, f"{year}-{1 + n % 12:02}-02", n % 5, f"n{n}") for n in range(first, first + count)]


def oids(ledger: Ledger, table: str) -> dict[str, int]:
    """The partitions by name; nothing else has a name that begins with the table's."""
    found = dict(
        ledger.rows(
            "SELECT c.relname::text, c.oid::bigint FROM pg_inherits AS i"
            " JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass",
            table,
        )
    )
    others = ledger.rows(
        "SELECT relname FROM pg_class AS c WHERE relkind IN ('r', 'p') AND relname ~ %s"
        " AND relname <> %s AND NOT relispartition",
        f"^({table}|root)_",
        table,
    )
    assert others == []
    return found


def rows(ledger: Ledger, table: str) -> list[tuple[Any, ...]]:
    return ledger.rows(f"SELECT id, at, kind, note, twice FROM {table} ORDER BY id")
