"""Starts a run: of a source, or of one object of another bucket."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from functions.api.sources.deps import Deps
from functions.api.sources.models import FileOptions, ObjectTarget
from waybill.callers import Caller
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.database.source_runs import SourceRuns, StartedRun
from waybill.errors import Conflict
from waybill.ids import new_id
from waybill.landing.keys import key_for
from waybill.messages import ExtractMessage
from waybill.queues import send
from waybill.sources.definition import RetryPolicy
from waybill.sources.extraction import Extraction

_EXPIRES = timedelta(days=1)
_ONE_OBJECT = "one_object"


def start_source(deps: Deps, source_id: UUID, caller: Caller | None) -> UUID:
    """Start a run of the source for `caller`, or for its schedule; the id of its job.

    A run that goes on is sent its message again, in case that was lost.

    Raises:
        NotFound: `unknown-source`.
        Conflict: `source-running`, its last run has not ended.
        Unavailable: the database, S3 or the queue cannot be reached; safe to repeat.
    """
    job_id, now = new_id(), datetime.now(UTC)
    # Before the job: whatever happens next, the job ends.
    deps.state.deadlines.put(now + _EXPIRES, job_id)

    def start(connection: Connection) -> StartedRun:
        Session(connection).act_as(caller)
        return SourceRuns(connection).start(source_id, job_id, now + _EXPIRES)

    run = deps.database.run(start)
    if run.state == "EXTRACTING":
        _begin(deps, _extraction(deps, run, caller, now))
    if not run.is_new:
        raise Conflict("source-running", f"The last run has not ended: job {run.job_id}.")
    return run.job_id


def start_object(deps: Deps, target: ObjectTarget, options: FileOptions, caller: Caller) -> UUID:
    """Start loading an object of another bucket into the dataset; the id of its job.

    Raises:
        Rejected: `unknown-dataset`.
        Unavailable: the database, S3 or the queue cannot be reached.
    """
    dataset, bucket, key = target
    job_id, now = new_id(), datetime.now(UTC)
    deps.state.deadlines.put(now + _EXPIRES, job_id)
    filename = key.rpartition("/")[2]

    def start(connection: Connection) -> None:
        Session(connection).act_as(caller)
        SourceRuns(connection).start_object(job_id, dataset, filename, now + _EXPIRES)

    deps.database.run(start)
    _begin(
        deps,
        Extraction(
            job_id=job_id,
            dataset=dataset,
            kind="s3",
            connection={"bucket": bucket},
            name=_ONE_OBJECT,
            object_key=key,
            options=options.model_dump(exclude_none=True),
            created_by=caller.subject,
            created_from=caller.source,
            created_at=now,
            expires_at=now + _EXPIRES,
            bucket=deps.settings.landing_bucket,
            key=key_for(dataset, job_id, filename),
        ),
    )
    return job_id


def _extraction(deps: Deps, run: StartedRun, caller: Caller | None, now: datetime) -> Extraction:
    return Extraction(
        job_id=run.job_id,
        dataset=run.dataset,
        kind=run.kind,
        connection=run.connection,
        retry=RetryPolicy.model_validate(run.retry),
        name=run.name,
        created_by=caller.subject if caller else None,
        created_from=caller.source if caller else None,
        created_at=now,
        expires_at=now + _EXPIRES,
        bucket=deps.settings.landing_bucket,
        key=key_for(run.dataset, run.job_id, f"{run.name}.jsonl.gz"),
        cursor_from=run.cursor,
    )


def _begin(deps: Deps, extraction: Extraction) -> None:
    deps.state.extractions.create(extraction)
    send(deps.settings.extracts_queue_url, [ExtractMessage(job_id=extraction.job_id)])
