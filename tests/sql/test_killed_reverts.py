"""A revert that is ended in its middle has changed nothing; the next one is whole."""

import os
import random
import threading
import time
from uuid import UUID

import psycopg

from tests.postgres.databases import Connection
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

ROWS = 4_000
TRIALS = 12


def content(ledger: Ledger) -> list[tuple[object, ...]]:
    """All that a revert changes."""
    return ledger.rows(
        "SELECT (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM t),"
        " (SELECT count(*) FROM waybill.row_images),"
        " (SELECT count(*) FROM waybill.reverts),"
        " (SELECT string_agg(state, ',' ORDER BY job_id) FROM waybill.ingestion_jobs)"
    )


def killed_after(ledger: Ledger, job: UUID, seconds: float) -> bool:
    """End the backend of the revert after a time; whether that was before its commit."""
    with ledger.database.connect("api") as connection:
        pid = connection.info.backend_pid
        outcome: list[BaseException | None] = []
        worker = threading.Thread(target=_revert, args=(connection, job, outcome))
        worker.start()
        time.sleep(seconds)
        ledger.admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
        worker.join()
        return outcome[0] is not None


def _revert(connection: Connection, job: UUID, outcome: list[BaseException | None]) -> None:
    try:
        connection.execute("SELECT waybill.revert_job(%s)", (job,))
        outcome.append(None)
    except psycopg.OperationalError as error:
        outcome.append(error)


def test_a_killed_revert_is_whole_or_has_not_happened(ledger: Ledger) -> None:
    chance = random.Random(int(os.environ.get("WAYBILL_SEED", "39")))
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, n int)")
    ledger.load("t", 1, [(n, 0) for n in range(ROWS)])
    before = ledger.rows("SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM t")
    job = ledger.load("t", 2, [(n, 1) for n in range(ROWS // 2, 2 * ROWS)])
    loaded = content(ledger)
    killed = 0
    for _ in range(TRIALS):
        if killed_after(ledger, job, chance.uniform(0, 0.12)):
            killed += 1
            assert content(ledger) == loaded
        else:
            break
    assert killed
    ledger.api.execute("SELECT waybill.revert_job(%s)", (job,))
    after = ledger.rows("SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM t")
    assert after == before
    assert ledger.rows("SELECT removed, restored FROM waybill.reverts") == [(ROWS, ROWS // 2)]
