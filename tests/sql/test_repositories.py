"""The typed database layer, against the routines: a job's life through its classes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg import sql

from functions.api.jobs.models import Run
from tests.postgres.databases import Connection, Database
from waybill.database.batches import (
    Batches,
    BatchResult,
    CheckedRows,
    IdempotencyKey,
    WrittenBefore,
)
from waybill.database.chunks import ChunkId, Chunks, PlannedChunk, StagedCounts
from waybill.database.claims import Claim
from waybill.database.datasets import Datasets
from waybill.database.documents import Documents
from waybill.database.health import Health
from waybill.database.jobs import JobFilter, Jobs, ObjectVersion, Registration
from waybill.database.merges import Merges
from waybill.database.outbox import Outbox
from waybill.database.reaper import Reaper
from waybill.database.refreshes import Refreshes, StalePart
from waybill.database.rejects import Rejects, RejectValues, Replay
from waybill.database.repository import transaction
from waybill.database.runs import Runs
from waybill.database.scripts import become_owner
from waybill.errors import Busy, Rejected
from waybill.ids import new_id
from waybill.records.layout import Layout
from waybill.states import JobState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILE = Registration("departments", "departments.csv", {"dry_run": True})
LAYOUT = Layout(header=False, columns=("id", "department"), data_offset=0, first_line=1)


@pytest.fixture
def loader(database: Database) -> Iterator[Connection]:
    with database.connect("pipeline") as connection:
        yield connection


@pytest.fixture
def api(database: Database) -> Iterator[Connection]:
    with database.connect("api") as connection:
        yield connection


def version(key: str) -> ObjectVersion:
    return ObjectVersion("bucket", key, "v1", "etag", 3, NOW)


def register(loader: Connection, key: str = "landing/departments/a.csv") -> UUID:
    file = FILE._replace(options={})
    return Jobs(loader).register_object(version(key), file, given_job=None, fresh_job=new_id())[0]


def stage(loader: Connection, job_id: UUID, *rows: tuple[int, str]) -> None:
    """Plan one chunk and stage rows in it, line by line."""
    chunks = Chunks(loader)
    plan = chunks.claim_plan(job_id)
    chunks.start_loading(plan, LAYOUT)
    chunks.add(plan, [PlannedChunk(0, 0, 3, 1)])
    chunks.finish_plan(plan, 1, None)
    with transaction(loader):
        claim = chunks.claim(ChunkId(job_id, 0))
        assert isinstance(claim, Claim)
        table = sql.Identifier(claim.stage_schema, claim.stage_table)
        statement = sql.SQL(
            "COPY {} (_waybill_chunk, _waybill_line, id, department) FROM STDIN"
        ).format(table)
        with loader.cursor() as cursor, cursor.copy(statement) as copy:
            for line, row in enumerate(rows, 1):
                copy.write_row((0, line, *row))
        chunks.finish(ChunkId(job_id, 0), StagedCounts(len(rows), len(rows), 0, "ab"))


def test_object_is_registered_once(loader: Connection) -> None:
    jobs, found = Jobs(loader), version("landing/departments/a.csv")
    first = jobs.register_object(found, FILE, given_job=None, fresh_job=new_id())
    assert first.is_new
    assert first.state == JobState.LANDED
    again = jobs.register_object(found, FILE, given_job=None, fresh_job=new_id())
    assert again[:3] == (first.job_id, "LANDED", False)


def test_ticket_becomes_a_job_that_can_be_cancelled(loader: Connection, api: Connection) -> None:
    job_id = new_id()
    state = Jobs(loader).register_ticket(
        job_id, FILE, size_bytes=3, created_at=NOW, expires_at=NOW + timedelta(hours=1)
    )
    assert state is JobState.AWAITING_UPLOAD
    jobs = Jobs(api)
    assert jobs.state_of(job_id) is JobState.AWAITING_UPLOAD
    assert jobs.dataset_of(job_id) == "departments"
    assert jobs.cancel(job_id) is JobState.CANCELLED
    (listed,) = jobs.list_page(JobFilter("departments"), before=None, limit=5)
    assert listed.document == jobs.get(job_id)
    assert jobs.get(new_id()) is None


def test_file_is_planned_staged_and_merged(loader: Connection) -> None:
    job_id = register(loader)
    chunks = Chunks(loader)
    assert chunks.claim_plan(job_id) == (job_id, JobState.LANDED, 1, None, None, [])
    stage(loader, job_id, (1, "a"), (2, "b"))
    finished = chunks.claim_plan(job_id)
    assert finished == (
        job_id,
        JobState.LOADING,
        2,
        1,
        LAYOUT,
        [PlannedChunk(0, 0, 3, 1, done=True)],
    )
    assert chunks.state_of(ChunkId(job_id, 0)) == "done"
    assert chunks.state_of(ChunkId(job_id, 1)) == "absent"
    assert chunks.claim(ChunkId(job_id, 0)) == "done"
    assert chunks.count_left(job_id) == 0
    result = Merges(loader).merge(job_id)
    assert (result.outcome, result.state) == ("merged", "COMPLETED")
    assert Merges(loader).merge(job_id).outcome == "ended"
    assert Merges(loader).resolve_pending(job_id).outcome == "ended"
    assert chunks.claim(ChunkId(job_id, 0)) == "ended"


def test_a_plan_that_another_attempt_took_over_writes_nothing(loader: Connection) -> None:
    job_id = register(loader)
    chunks = Chunks(loader)
    early = chunks.claim_plan(job_id)
    chunks.start_loading(early, LAYOUT)
    late = chunks.claim_plan(job_id)
    writes: list[Callable[[], object]] = [
        lambda: chunks.start_loading(early, LAYOUT),
        lambda: chunks.add(early, [PlannedChunk(0, 0, 3, 1)]),
        lambda: chunks.finish_plan(early, 1, None),
    ]
    for write in writes:
        with pytest.raises(Rejected) as caught:
            write()
        assert caught.value.code == "plan-superseded"
    chunks.add(late, [PlannedChunk(0, 0, 2, 1)])
    assert chunks.claim_plan(job_id).chunks == [PlannedChunk(0, 0, 2, 1)]


def test_events_of_a_merge_are_published_once(loader: Connection) -> None:
    job_id = register(loader)
    stage(loader, job_id, (1, "a"))
    Merges(loader).merge(job_id)
    outbox = Outbox(loader)
    (event,) = outbox.unpublished(10)
    assert event.payload["job_id"] == str(job_id)
    outbox.mark_published([event.id])
    assert outbox.unpublished(10) == []


def test_failed_job_keeps_its_reason_and_its_runs(loader: Connection, api: Connection) -> None:
    job_id = register(loader)
    runs = Runs(loader)
    run_id = runs.start(job_id, "plan")
    runs.end(run_id, "rejected", {"type": "empty-file"})
    assert Jobs(loader).fail(job_id, {"type": "empty-file"}) is JobState.FAILED
    document = Jobs(api).get(job_id)
    assert document is not None
    assert document["error"] == {"type": "empty-file"}
    (listed,) = Runs(api).list_page(job_id, after=0, limit=10)
    assert (listed.run_id, listed.document["outcome"]) == (run_id, "rejected")


def test_a_run_that_goes_on_is_listed_without_end_and_outcome(
    loader: Connection, api: Connection
) -> None:
    job_id = register(loader)
    Runs(loader).start(job_id, "plan")
    (listed,) = Runs(api).list_page(job_id, after=0, limit=10)
    run = Run.model_validate(listed.document)
    assert (run.attempt, run.step, run.finished_at, run.outcome) == (1, "plan", None, None)
    assert set(listed.document) == {"attempt", "step", "started_at", "finished_at", "outcome"}


def test_routine_errors_are_translated(loader: Connection) -> None:
    with pytest.raises(Rejected) as caught:
        Jobs(loader).fail(new_id(), {})
    assert caught.value.code == "unknown-job"
    with pytest.raises(Rejected) as caught:
        Jobs(loader).contract_of(new_id())
    assert caught.value.code == "unknown-job"


def test_a_chunk_that_another_loader_holds_is_busy(loader: Connection, database: Database) -> None:
    job_id = register(loader)
    plan = Chunks(loader).claim_plan(job_id)
    Chunks(loader).start_loading(plan, LAYOUT)
    Chunks(loader).add(plan, [PlannedChunk(0, 0, 3, 1)])
    with transaction(loader), database.connect("pipeline") as other:
        Chunks(loader).claim(ChunkId(job_id, 0))
        with pytest.raises(Busy):
            Chunks(other).claim(ChunkId(job_id, 0))


def test_batch_is_written_and_its_rejects_replayed(api: Connection) -> None:
    batches, job_id = Batches(api), new_id()
    key = IdempotencyKey("k", "departments", "sha")
    errors = [{"column": "id", "code": "invalid_int4", "message": "no"}]
    refused = [{"row": 1, "raw": "{}", "values": {"id": "x"}, "errors": errors}]
    rows = CheckedRows([(0, {"id": "1", "department": "a"}, "{}")], refused)
    with transaction(api):
        result = batches.begin_write(key, job_id, rows, mode="partial")()
        assert isinstance(result, BatchResult)
        batches.put_response(key, {"state": result.state})
    assert result.state is JobState.COMPLETED_WITH_REJECTS
    assert result.waybill["inserted"] == 1
    assert [error["row"] for error in result.errors] == [1]
    again = batches.begin_write(key, new_id(), rows, mode="partial")()
    assert again == WrittenBefore({"state": "COMPLETED_WITH_REJECTS"})
    rejects = Rejects(api)
    (reject,) = rejects.list_page(job_id, after=None, limit=10, max_bytes=1000, masked=False)
    stored = rejects.values_of(job_id, [reject.reject_id])
    assert stored == {reject.reject_id: RejectValues(reject.reject_id, {"id": "x"})}
    rejects.register_replay(Replay(job_id, [reject.reject_id]), new_id())
    assert rejects.values_of(job_id, [reject.reject_id]) == {}
    assert rejects.list_pending(job_id, after=0, limit=10, max_bytes=1000, masked=False) == []


def test_changed_years_are_refreshed(loader: Connection, database: Database) -> None:
    with transaction(loader), database.connect("waybill_refresh") as connection:
        refreshes = Refreshes(connection)
        refreshes.limit_statements(30)
        assert refreshes.premake_partitions() >= 1
        assert refreshes.stale_parts() == []
        assert refreshes.refresh(StalePart("hired_employees", "2021")) == "fresh"
        unknown, just_made = new_id(1_700_000_000_000), new_id()
        assert refreshes.settled_jobs([unknown, just_made]) == {unknown}


def test_the_reaper_finds_stalled_jobs(loader: Connection) -> None:
    reaper, job_id = Reaper(loader), register(loader)
    past = NOW - timedelta(days=2)
    awaited = new_id()
    Jobs(loader).register_ticket(awaited, FILE, size_bytes=3, created_at=past, expires_at=past)
    assert reaper.overdue_uploads() == [(awaited, "departments")]
    assert reaper.expire_uploads([awaited]) == 1
    stalled = reaper.stalled_jobs(0)
    assert [(job.job_id, job.queue) for job in stalled] == [(job_id, "landed")]
    reaper.record_redrives([job_id])
    assert reaper.stalled_jobs(10) == []
    counts = (reaper.end_stalled_copies(5), reaper.abandon_runs(), reaper.drop_orphan_stages())
    assert counts == (0, 0, 0)
    assert reaper.purge_expired() == 0
    assert reaper.give_up() == []


def test_datasets_and_documents_are_read(database: Database) -> None:
    with database.connect() as admin, transaction(admin):
        become_owner(admin)
        datasets = Datasets(admin)
        assert "departments" in datasets.names()
        assert datasets.contract("departments").natural_key == ("id",)
    with database.connect("waybill_health") as monitor:
        Health(monitor).ping()
    with database.connect("waybill_documents") as reader:
        assert Documents(reader).list_page(before=None, limit=5, max_bytes=1000, masked=False) == []
        assert Documents(reader).estimated_count() in (None, 0)


def test_a_dataset_that_is_not_registered_has_no_contract(database: Database) -> None:
    with database.connect() as admin, pytest.raises(Rejected) as caught, transaction(admin):
        become_owner(admin)
        Datasets(admin).contract("nothing")
    assert caught.value.code == "unknown-dataset"
