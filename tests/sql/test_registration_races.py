"""Two transactions that register, plan or expire the same thing."""

import json
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.blocked_calls import running, transaction_of, waits
from tests.sql.staging import BEGINNING, Ledger
from waybill.database.reaper import Reaper
from waybill.ids import new_id

FOLDER = "landing/departments"
REGISTER = (
    "SELECT job_id FROM waybill.register_object(NULL, %s, 'departments', 'b', %s, 'v', 'e', 1, 'f',"
    " %s, '{}')"
)


def test_objects_registered_at_once_have_their_places_in_order(ledger: Ledger) -> None:
    with transaction_of(ledger.database, "pipeline") as first:
        first.execute(REGISTER, (new_id(), f"{FOLDER}/b.csv", BEGINNING))
        with running(lambda: ledger.land("departments", 0, f"{FOLDER}/a.csv")) as second:
            waits(ledger.database, second)
            first.commit()
            second.result()
    assert ledger.rows("SELECT object_key FROM waybill.ingestion_jobs ORDER BY landing_order") == [
        (f"{FOLDER}/a.csv",),
        (f"{FOLDER}/b.csv",),
    ]


def test_an_object_registered_twice_at_once_is_one_job(ledger: Ledger) -> None:
    with transaction_of(ledger.database, "pipeline") as first:
        job = first.execute(REGISTER, (new_id(), f"{FOLDER}/a.csv", BEGINNING)).fetchone()
        with running(lambda: ledger.land("departments", 0, f"{FOLDER}/a.csv")) as second:
            waits(ledger.database, second)
            first.commit()
            assert (second.result(),) == job


def test_a_chunk_that_a_plan_is_writing_is_seen_by_the_attempt_that_takes_over(
    ledger: Ledger,
) -> None:
    job = ledger.land("departments", 1)
    claim = "SELECT attempt, chunks FROM waybill.claim_plan(%s)"
    (attempt, _) = ledger.loader.execute(claim, (job,)).fetchone() or (0, None)
    chunk = {"chunk": 0, "byte_from": 0, "byte_to": 1, "first_line": 1}
    with transaction_of(ledger.database, "pipeline") as writing:
        writing.execute(
            "SELECT waybill.add_chunks(%s, %s, %s)", (job, json.dumps([chunk]), attempt)
        )
        with running(lambda: ledger.loader.execute(claim, (job,)).fetchone()) as claiming:
            waits(ledger.database, claiming)
            writing.commit()
            assert claiming.result() == (attempt + 1, [{**chunk, "done": False}])


def test_an_upload_that_lands_before_it_is_expired_is_loaded(ledger: Ledger) -> None:
    job = new_id()
    ledger.loader.execute(
        "SELECT waybill.register_ticket(%s, 'departments', 'f', 1, '{}', now() - interval '9 h',"
        " now() - interval '8 h')",
        (job,),
    )
    reaper = Reaper(ledger.loader)
    assert [upload.job_id for upload in reaper.overdue_uploads()] == [job]
    ledger.loader.execute(
        "SELECT waybill.register_object(%s, %s, 'departments', 'b', %s, 'v', 'e', 1, 'f', now(),"
        " '{}')",
        (job, new_id(), f"{FOLDER}/{job}/f"),
    )
    assert reaper.expire_uploads([job]) == 0
    ledger.stage(job, "departments", [(1, "Sales")])
    assert ledger.merge(job)["state"] == "COMPLETED"


@pytest.fixture
def rejected(ledger: Ledger) -> tuple[UUID, list[UUID]]:
    """A file of two rejects, and their ids."""
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(
        "CREATE TABLE prices (code text PRIMARY KEY, price integer CHECK (price > 0));"
        "SELECT waybill.register_dataset('prices')"
    )
    ledger.admin.execute("RESET ROLE")
    file = ledger.load("prices", 1, [("a", -1), ("b", -1)])
    rows = ledger.rows(
        "SELECT reject_id FROM waybill.validation_errors WHERE job_id = %s ORDER BY line", file
    )
    return file, [reject for (reject,) in rows]


REPLAY = "SELECT waybill.register_replay(%s, %s, %s)"


def test_a_reject_is_replayed_once_when_two_replays_take_it_at_once(
    ledger: Ledger, rejected: tuple[UUID, list[UUID]]
) -> None:
    file, rejects = rejected
    replay = new_id()
    with transaction_of(ledger.database, "api") as first:
        first.execute(REPLAY, (file, replay, rejects[:1]))
        with running(lambda: ledger.api.execute(REPLAY, (file, new_id(), rejects[:1]))) as second:
            waits(ledger.database, second)
            first.commit()
            with pytest.raises(errors.DatabaseError, match="Not among the rejects that remain"):
                second.result()
    assert ledger.rows(
        "SELECT replayed_by FROM waybill.validation_errors WHERE replayed_by IS NOT NULL"
    ) == [(replay,)]


def test_of_two_concurrent_replays_the_second_lands_later(
    ledger: Ledger, rejected: tuple[UUID, list[UUID]]
) -> None:
    file, rejects = rejected
    jobs = new_id(), new_id()
    with transaction_of(ledger.database, "api") as first:
        first.execute(REPLAY, (file, jobs[0], rejects[:1]))
        with running(lambda: ledger.api.execute(REPLAY, (file, jobs[1], rejects[1:]))) as second:
            waits(ledger.database, second)
            first.commit()
            second.result()
    assert ledger.rows(
        "SELECT job_id FROM waybill.ingestion_jobs WHERE kind = 'replay' ORDER BY effective_order"
    ) == [(job,) for job in jobs]
    assert ledger.rows(
        "SELECT count(DISTINCT effective_order) FROM waybill.ingestion_jobs WHERE kind = 'replay'"
    ) == [(2,)]
