"""Partitions of the writer become one when no reader has a snapshot of before."""

import time
from contextlib import closing, suppress

import pytest
from psycopg.errors import LockNotAvailable

from tests.integration.replica.standby import Pair, catch_up
from tests.sql.folding import fold, monthly, partitions, step, until
from tests.sql.staging import Ledger

COUNT = "SELECT count(*) FROM visits"
_PATIENCE_SECONDS = 60.0


def test_a_transaction_at_a_reader_finds_the_rows(pair: Pair) -> None:
    with closing(Ledger(pair.writer)) as ledger, pair.feedback():
        visits = monthly(ledger)
        catch_up(pair.writer, pair.reader)
        with pair.reader.connect() as reader:
            reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
            until(visits, "analysed")
            with pytest.raises(LockNotAvailable, match="would miss"):
                step(visits)
            assert reader.execute(COUNT).fetchone() == (600,)
            reader.execute("COMMIT")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while partitions(visits) != ["visits_2021"] and time.monotonic() < deadline:
            with suppress(LockNotAvailable):
                fold(visits)
        assert partitions(visits) == ["visits_2021"]
        catch_up(pair.writer, pair.reader)
        with pair.reader.connect() as reader:
            assert reader.execute(COUNT).fetchone() == (600,)


def test_a_slot_whose_reader_is_away_is_waited_for(pair: Pair) -> None:
    older = "SELECT waybill.older_snapshot(pg_current_xact_id())"
    with closing(Ledger(pair.writer)) as ledger:
        with pair.slot_of_a_snapshot("away"):
            assert ledger.rows(older) == [("replication slot away",)]
        assert ledger.rows(older) == [(None,)]
