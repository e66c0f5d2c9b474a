"""GET /jobs and what is below: states, waybills, rejects; DELETE cancels, replay corrects."""

from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.jobs.answer import (
    Cancelled,
    Job,
    JobPage,
    PendingPage,
    RejectPage,
    RejectsDownload,
    Replayed,
    RunPage,
    State,
)
from functions.api.jobs.cancel_job import cancel_job
from functions.api.jobs.deps import Store
from functions.api.jobs.list_details import list_pending, list_runs
from functions.api.jobs.list_jobs import Wanted, list_jobs
from functions.api.jobs.read_job import as_shown, read_job
from functions.api.jobs.rejects_answer import Asked, rejects_answer
from functions.api.jobs.replay_job import replay_job
from functions.api.jobs.replay_request import read_replay, replay_schemas
from functions.api.jobs.settings import JobsSettings
from waybill.clients import s3_client
from waybill.http.app import create_api
from waybill.http.bodies import JSON, Takes
from waybill.http.describe import answers
from waybill.http.links import base_url
from waybill.http.paths import job_id_of
from waybill.http.persistent_connection import WarmDatabase
from waybill.http.responses import json_answer
from waybill.state.bucket import StateBucket

# A function is called with at most 6 MB.
_REPLAY = Takes(
    (JSON, "text/csv"), 5 * 1024**2, " Replay the rejects in several calls.", replay_schemas
)
api = create_api("jobs", {"/jobs/{job_id}/replay": _REPLAY})
# The gateway gives up after 29 s; a wait ends early enough to answer and to be logged.
_SPARE_SECONDS = 1.0

JobId = Annotated[str, Path()]
Limit = Annotated[int, Query(ge=1, le=500)]
LongLimit = Annotated[int, Query(ge=1, le=1000)]
CursorText = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
DatasetName = Annotated[str | None, Query(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
Wait = Annotated[int, Query(ge=0, le=25, description="Seconds to wait for the job's end.")]


@cache
def store() -> Store:
    """Database, S3 and contracts, kept for the life of the process."""
    settings = JobsSettings.from_environment()
    state = StateBucket(s3_client(), settings.state_bucket)
    return Store(WarmDatabase(settings, "jobs"), s3_client(), settings, state)


def _seconds_left() -> float:
    milliseconds: int = api.lambda_context.get_remaining_time_in_millis()
    return max(0.0, milliseconds / 1000 - _SPARE_SECONDS)


@api.get("/jobs", tags=["jobs"], responses=answers({200: JobPage}, 400, 422, 503))
def get_jobs(
    dataset: DatasetName = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Response[Any]:
    """List jobs, newest first."""
    documents, more = list_jobs(store(), Wanted(dataset, state, limit, cursor))
    base = base_url(api.current_event)
    items = [as_shown(document, base) for document in documents]
    return json_answer({"items": items, "next_cursor": more})


@api.get("/jobs/<job_id>", tags=["jobs"], responses=answers({200: Job}, 404, 422, 503))
def get_job(job_id: JobId, wait: Wait = 0) -> Response[Any]:
    """Read a job; with `wait`, answer when it has ended or the seconds are over."""
    job = job_id_of(job_id)
    api.logger.set_correlation_id(str(job))
    document = read_job(store(), job, min(wait, _seconds_left()))
    return json_answer(as_shown(document, base_url(api.current_event)))


@api.get(
    "/task/<job_id>",
    tags=["jobs"],
    responses=answers({200: Job}, 404, 422, 503),
)
def get_task(job_id: JobId, wait: Wait = 0) -> Response[Any]:
    """Read a job; the same as GET /jobs/{job_id}."""
    return get_job(job_id, wait)


@api.delete("/jobs/<job_id>", tags=["jobs"], responses=answers({202: Cancelled}, 404, 409, 503))
def delete_job(job_id: JobId) -> Response[Any]:
    """Cancel a job: it leaves no rows, and a file that comes later is ignored."""
    job = job_id_of(job_id)
    api.logger.set_correlation_id(str(job))
    cancel_job(store(), job)
    api.logger.info("job cancelled", action="job.cancelled")
    return json_answer(Cancelled(job_id=job), HTTPStatus.ACCEPTED)


@api.get(
    "/jobs/<job_id>/rejects",
    tags=["jobs"],
    responses=answers({200: RejectPage, 303: RejectsDownload}, 400, 404, 413, 422, 503, csv=True),
)
def get_rejects(
    job_id: JobId,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    cursor: CursorText = None,
) -> Response[Any]:
    """List refused records by line; as CSV, all of them unless a page is asked for.

    JSON has 100 on a page unless `limit` says otherwise. A CSV over 4 MB is a 303 to where it
    can be had for 15 minutes. A cell that a spreadsheet would run as a formula has an
    apostrophe in front; it is taken off again when the corrected CSV is replayed.
    """
    job = job_id_of(job_id)
    api.logger.set_correlation_id(str(job))
    asked = Asked(job, limit, cursor, api.current_event, _seconds_left())
    return rejects_answer(store(), asked)


@api.post(
    "/jobs/<job_id>/replay",
    tags=["jobs"],
    responses=answers({202: Replayed}, 400, 404, 413, 415, 422, 503),
)
def post_replay(job_id: JobId) -> Response[Any]:
    """Send corrected rejects back; what has changed since by a later file stays.

    JSON rows have the reject's `_reject_id` and the columns that are corrected; those left out
    keep the reject's value. A CSV has the form of the rejects' own, with all or some of its
    records. The new job's rejects, if any remain, can be replayed again.
    """
    parent = job_id_of(job_id)
    api.logger.set_correlation_id(str(parent))
    contract = store().state.contracts.get(store().dataset_of(parent))
    rows = read_replay(api.current_event, contract)
    job = replay_job(store(), parent, contract, rows)
    api.logger.info("rejects replayed", action="job.replayed", replay=str(job), rows=len(rows))
    headers: dict[str, str | list[str]] = {
        "Location": f"{base_url(api.current_event)}/jobs/{job}",
        "Retry-After": "1",
    }
    return json_answer(Replayed(job_id=job, parent_job_id=parent), HTTPStatus.ACCEPTED, headers)


@api.get(
    "/jobs/<job_id>/runs", tags=["jobs"], responses=answers({200: RunPage}, 400, 404, 422, 503)
)
def get_runs(job_id: JobId, limit: LongLimit = 100, cursor: CursorText = None) -> Response[Any]:
    """List the attempts of the steps at a job."""
    items, more = list_runs(store(), job_id_of(job_id), limit, cursor)
    return json_answer({"items": items, "next_cursor": more})


@api.get(
    "/jobs/<job_id>/pending",
    tags=["jobs"],
    responses=answers({200: PendingPage}, 400, 404, 422, 503),
)
def get_pending(job_id: JobId, limit: LongLimit = 100, cursor: CursorText = None) -> Response[Any]:
    """List the good records that wait for a parent."""
    items, more = list_pending(store(), job_id_of(job_id), limit, cursor)
    return json_answer({"items": items, "next_cursor": more})


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
