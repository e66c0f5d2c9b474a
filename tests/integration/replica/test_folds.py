"""Partitions of the writer become one when no reader has a snapshot of before."""

from contextlib import closing

from tests.integration.replica.standby import Pair, catch_up
from tests.sql.blocked_calls import running, sleeps
from tests.sql.folding import fold, monthly, until
from tests.sql.staging import Ledger

COUNT = "SELECT count(*) FROM visits"


def test_a_transaction_at_a_reader_finds_the_rows(pair: Pair) -> None:
    with closing(Ledger(pair.writer)) as ledger, pair.feedback():
        visits = monthly(ledger)
        catch_up(pair.writer, pair.reader)
        with pair.reader.connect() as reader:
            reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
            until(visits, "analysed")
            with running(lambda: fold(visits)) as folded:
                assert sleeps(pair.writer, folded)
                assert reader.execute(COUNT).fetchone() == (600,)
                reader.execute("COMMIT")
                assert folded.result() == ["folded"]
        catch_up(pair.writer, pair.reader)
        with pair.reader.connect() as reader:
            assert reader.execute(COUNT).fetchone() == (600,)
