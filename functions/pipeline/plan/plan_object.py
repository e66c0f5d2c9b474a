"""Plans an object: register it, verify it, sniff its layout, divide it into chunks."""

from functions.pipeline.plan.deps import Deps
from functions.pipeline.plan.find_archive import find_archive
from functions.pipeline.plan.find_duplicate import end_if_duplicate
from functions.pipeline.plan.models import LandedJob, ObjectCreated
from functions.pipeline.plan.register_object import register_object
from functions.pipeline.plan.sniff_layout import SniffedObject, read_head, sniff_object
from functions.pipeline.plan.unpack_archive import unpack_archive
from functions.pipeline.plan.verify_object import verify_object
from functions.pipeline.plan.write_chunks import resend_chunks, resume_chunks, write_chunks
from waybill import telemetry
from waybill.contract.size_limit import check_size
from waybill.database.chunks import Chunks, PlanClaim
from waybill.database.jobs import Jobs
from waybill.errors import Rejected
from waybill.landing.keys import read_key
from waybill.messages import MergeMessage
from waybill.queues import send
from waybill.runs import run
from waybill.states import JobState


def plan_object(deps: Deps, created: ObjectCreated) -> None:
    """Turn the object into a job with chunks. A repeated event resumes where the plan stopped.

    Whatever is wrong with the object fails its job, so that the reason is on record.

    Raises:
        Retryable: something cannot be reached, or a lock is taken.
    """
    job = register_object(deps, created)
    if job is None:
        return
    with telemetry.about(job.job_id):
        # From here on an earlier attempt, which may still be running, can write nothing more.
        plan = Chunks(deps.connection).claim_plan(job.job_id)
        if plan.chunks_total is not None:
            resend_chunks(deps, plan)
            return
        try:
            with run(deps.connection, job.job_id, "plan"):
                _plan(deps, job, plan)
        except Rejected as error:
            if error.code == "plan-superseded":
                telemetry.action("plan.superseded", level="warning", attempt=plan.attempt)
            else:
                _fail(deps, job, error)


def fail_object(deps: Deps, created: ObjectCreated, reason: Rejected) -> None:
    """Fail the object's job, after planning it has failed for an unforeseen reason.

    Raises:
        Retryable: something cannot be reached, or a lock is taken.
    """
    job = register_object(deps, created)
    if job is not None:
        with telemetry.about(job.job_id):
            _fail(deps, job, reason)


def _plan(deps: Deps, job: LandedJob, plan: PlanClaim) -> None:
    read_key(job.ref.key).check()
    sha256 = verify_object(deps.s3, job)
    if plan.layout is not None:
        # The layout of an earlier attempt holds, even if the contract has changed since.
        sniffed = SniffedObject(deps.s3, job.ref, b"", plan.layout)
    else:
        contract = Jobs(deps.connection).contract_of(job.job_id)
        # Nobody asked before an object that was copied into the bucket.
        check_size(deps.settings, contract, job.ref.size_bytes)
        head = read_head(deps.s3, job.ref)
        if archive := find_archive(deps, job, head):
            unpack_archive(deps, job, plan, archive)
            return
        sniffed = sniff_object(deps.s3, job, contract, head)
        if end_if_duplicate(deps, job, sniffed, plan, sha256):
            _send_merge(deps, job)
            return
    if not _start_loading(deps, plan, sniffed):
        return
    if plan.chunks:
        total, sha256 = resume_chunks(deps, job, sniffed, plan, sha256)
    else:
        total, sha256 = write_chunks(deps, job, sniffed, plan, sha256)
    _finish(deps, plan, total, sha256)
    telemetry.action("plan.done", chunks=total, size_bytes=job.ref.size_bytes)


def _start_loading(deps: Deps, plan: PlanClaim, sniffed: SniffedObject) -> bool:
    """Create the staging table. False when the job has ended meanwhile."""
    state = Chunks(deps.connection).start_loading(plan, sniffed.layout)
    if state is not JobState.LOADING:
        telemetry.action("object.ignored", key=sniffed.ref.key, why=state)
    return state is JobState.LOADING


def _finish(deps: Deps, plan: PlanClaim, total: int, sha256: str | None) -> None:
    chunks = Chunks(deps.connection)
    chunks.finish_plan(plan, total, sha256)
    if chunks.count_left(plan.job_id) == 0:
        # Every loader was done before the total was known, or there is nothing to load.
        send(deps.settings.merges_queue_url, [MergeMessage(job_id=plan.job_id)])


def _fail(deps: Deps, job: LandedJob, error: Rejected) -> None:
    state = Jobs(deps.connection).fail(job.job_id, error.problem())
    telemetry.action("job.failed", level="warning", code=error.code, state=state)
    _send_merge(deps, job)


def _send_merge(deps: Deps, job: LandedJob) -> None:
    """Trigger a merge of a job that has ended: it publishes that, and waiting jobs continue."""
    send(deps.settings.merges_queue_url, [MergeMessage(job_id=job.job_id)])
