"""A cancelled job leaves nothing, whatever a loader is doing."""

import json
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.api_calls import cancel
from tests.sql.blocked_calls import running, transaction_of, waits
from tests.sql.staging import Ledger
from waybill.ids import new_id

REJECT = (
    "INSERT INTO waybill.validation_errors (reject_id, job_id, chunk, line, raw, errors)"
    " VALUES (%s, %s, 0, 1, 'x', '[]')"
)
FINISH = "SELECT waybill.finish_chunk(%s, 0, %s, 0, 1, NULL)"


@pytest.fixture
def job(ledger: Ledger) -> UUID:
    """A job whose only chunk is to be staged."""
    job = ledger.land("departments", 1)
    ledger.loader.execute("SELECT waybill.start_loading(%s, %s)", (job, '{"columns": ["id"]}'))
    chunks = json.dumps([{"chunk": 0, "byte_from": 0, "byte_to": 1, "first_line": 1}])
    ledger.loader.execute("SELECT waybill.add_chunks(%s, %s)", (job, chunks))
    ledger.loader.execute("SELECT waybill.finish_plan(%s, 1, NULL)", (job,))
    return job


def rejects(ledger: Ledger) -> int:
    ((count,),) = ledger.rows("SELECT count(*) FROM waybill.validation_errors")
    return int(count)


def test_a_job_cancelled_while_its_last_chunk_commits_leaves_no_rejects(
    ledger: Ledger, job: UUID
) -> None:
    with transaction_of(ledger.database, "pipeline") as loader:
        loader.execute("SELECT waybill.claim_chunk(%s, 0)", (job,))
        loader.execute(REJECT, (new_id(), job))
        loader.execute(FINISH, (job, 1))
        with running(lambda: cancel(ledger, job)) as cancelling:
            waits(ledger.database, cancelling)
            loader.commit()
            assert cancelling.result() == "CANCELLED"
    assert rejects(ledger) == 0


def test_a_cancelled_job_leaves_no_rejects(ledger: Ledger, job: UUID) -> None:
    with ledger.loader.transaction():
        ledger.loader.execute("SELECT waybill.claim_chunk(%s, 0)", (job,))
        ledger.loader.execute(REJECT, (new_id(), job))
        ledger.loader.execute(FINISH, (job, 1))
    assert rejects(ledger) == 1
    assert cancel(ledger, job) == "CANCELLED"
    assert rejects(ledger) == 0


def test_a_chunk_whose_counts_do_not_add_up_is_not_finished(ledger: Ledger, job: UUID) -> None:
    with pytest.raises(errors.DatabaseError, match="2 records read"), ledger.loader.transaction():
        ledger.loader.execute("SELECT waybill.claim_chunk(%s, 0)", (job,))
        ledger.loader.execute(FINISH, (job, 2))
    assert ledger.rows("SELECT done FROM waybill.chunks") == [(False,)]
