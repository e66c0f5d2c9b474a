"""Whoever decodes the server's log gets the rows of partitions that were empty."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.local.bootstrap import bootstrap
from infra.local.postgres import SUPERUSER, Postgres
from tests.postgres.databases import PASSWORD, Database
from tests.postgres.fixtures import migrated
from tests.sql.empty_partitions import add_year, declare, load, year_of
from tests.sql.staging import Ledger


@pytest.fixture
def decoded() -> Iterator[Ledger]:
    """A ledger of a server whose log can be decoded."""
    folder = Path(tempfile.mkdtemp(prefix="waybill-decoded-"))
    folder.chmod(0o755)
    postgres = Postgres(folder, fast=True)
    try:
        place = Database(postgres.start(), "waybill")
        with _superuser(postgres, place.port) as superuser:
            superuser.execute("ALTER SYSTEM SET wal_level = 'logical'")
            bootstrap(superuser, PASSWORD)
        postgres.stop()
        ledger = Ledger(migrated(Database(postgres.start(), place.name)))
        with _superuser(postgres, ledger.database.port, place.name) as superuser:
            superuser.execute("ALTER ROLE waybill_admin REPLICATION")
        yield ledger
        ledger.close()
    finally:
        postgres.erase()
        shutil.rmtree(folder, ignore_errors=True)


def _superuser(postgres: Postgres, port: int, name: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(
        f"postgresql://{SUPERUSER}:{postgres.superuser_password}@127.0.0.1:{port}/{name}",
        autocommit=True,
    )


def test_a_subscriber_gets_the_rows_of_partitions_that_were_empty_or_missing(
    decoded: Ledger,
) -> None:
    declare(decoded, "gauges")
    add_year(decoded, "gauges", 2020)
    decoded.declare("CREATE PUBLICATION p FOR TABLE gauges")
    decoded.rows("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
    load(decoded, "gauges", 1, year_of(2020) + year_of(2021, first=100))
    changes = decoded.rows(
        "SELECT data FROM pg_logical_slot_get_binary_changes("
        "'s', NULL, NULL, 'proto_version', '1', 'publication_names', 'p')"
    )
    messages = [bytes(data) for (data,) in changes]
    assert [message[:1] for message in messages].count(b"I") == 80
    tables = [message[5:] for message in messages if message[:1] == b"R"]
    assert [table.split(b"\0")[:2] for table in tables] == [
        [b"public", b"gauges_2020"],
        [b"public", b"gauges_2021"],
    ]
