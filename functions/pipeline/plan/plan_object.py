"""Plans an object: register it, verify it, sniff its layout, divide it into chunks."""

from functions.pipeline.plan.deps import Deps
from functions.pipeline.plan.models import LandedJob, ObjectCreated
from functions.pipeline.plan.register_object import register_object
from functions.pipeline.plan.sniff_layout import SniffedObject, sniff_object
from functions.pipeline.plan.verify_object import verify_object
from functions.pipeline.plan.write_chunks import resend_chunks, resume_chunks, write_chunks
from waybill import telemetry
from waybill.database.chunks import ChunkPlan, Chunks
from waybill.database.datasets import Datasets
from waybill.database.jobs import Jobs
from waybill.errors import Rejected
from waybill.messages import MergeMessage
from waybill.queues import send
from waybill.runs import run
from waybill.states import JobState


def plan_object(deps: Deps, created: ObjectCreated) -> None:
    """Turn the object into a job with chunks. A repeated event resumes where the plan stopped.

    Raises:
        Rejected: `misplaced-object`. A fault of the file itself fails its job instead.
        Retryable: something cannot be reached, or a lock is taken.
    """
    job = register_object(deps, created)
    if job is None:
        return
    with telemetry.about(job.job_id):
        existing = Chunks(deps.connection).plan_of(job.job_id)
        if existing.chunks_total is not None:
            resend_chunks(deps, job, existing)
            return
        try:
            with run(deps.connection, job.job_id, "plan"):
                _plan(deps, job, existing)
        except Rejected as error:
            _fail(deps, job, error)


def _plan(deps: Deps, job: LandedJob, existing: ChunkPlan) -> None:
    sha256 = verify_object(deps.s3, job)
    contract = Datasets(deps.connection).contract(job.dataset)
    sniffed = sniff_object(deps.s3, job, contract)
    if not _start_loading(deps, job, sniffed):
        return
    if existing.chunks:
        total, sha256 = resume_chunks(deps, job, sniffed, existing, sha256)
    else:
        total, sha256 = write_chunks(deps, job, sniffed)
    _finish(deps, job, total, sha256)


def _start_loading(deps: Deps, job: LandedJob, sniffed: SniffedObject) -> bool:
    """Create the staging table. False when the job has ended meanwhile."""
    state = Chunks(deps.connection).start_loading(job.job_id, sniffed.layout)
    if state is not JobState.LOADING:
        telemetry.action("object.ignored", key=job.ref.key, why=state)
    return state is JobState.LOADING


def _finish(deps: Deps, job: LandedJob, total: int, sha256: str | None) -> None:
    chunks = Chunks(deps.connection)
    chunks.finish_plan(job.job_id, total, sha256)
    if chunks.count_left(job.job_id) == 0:
        # Every loader was done before the total was known, or there is nothing to load.
        send(deps.settings.merges_queue_url, [MergeMessage(job_id=job.job_id)])
    telemetry.action("plan.done", chunks=total, size_bytes=job.ref.size_bytes)


def _fail(deps: Deps, job: LandedJob, error: Rejected) -> None:
    state = Jobs(deps.connection).fail(job.job_id, error.problem())
    telemetry.action("job.failed", level="warning", code=error.code, state=state)
    # Trigger a merge so that the failure is published and waiting jobs continue.
    send(deps.settings.merges_queue_url, [MergeMessage(job_id=job.job_id)])
