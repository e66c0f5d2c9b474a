"""/jobs: read, list, cancel, replay and revert jobs."""

import json
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.jobs.audit_read import audit_read
from functions.api.jobs.cancel_job import cancel_job
from functions.api.jobs.column_models import ComparedColumns
from functions.api.jobs.compare_columns import compare_columns
from functions.api.jobs.deps import deps
from functions.api.jobs.job_state import State
from functions.api.jobs.list_jobs import list_jobs
from functions.api.jobs.list_pending import list_pending
from functions.api.jobs.list_runs import list_runs
from functions.api.jobs.models import (
    FINAL_STATES,
    Job,
    JobCancelled,
    JobPage,
    JobsQuery,
    PendingPage,
    PendingQuery,
    RejectsQuery,
    ReplayAccepted,
    RunPage,
)
from functions.api.jobs.parse_replay import parse_replay, replay_schemas
from functions.api.jobs.read_job import job_document, read_job
from functions.api.jobs.reject_models import RejectPage, RejectsDownload
from functions.api.jobs.rejects_response import rejects_response
from functions.api.jobs.replay_job import replay_job
from functions.api.jobs.revert_job import await_revert, request_revert
from functions.api.jobs.revert_models import JobReverted, Revert, RevertAccepted
from waybill.http.app import create_api
from waybill.http.bodies import JSON, BodySpec
from waybill.http.deadline import DEADLINE
from waybill.http.describe import describe_responses
from waybill.http.links import base_url
from waybill.http.pagination import CursorParam, LongPageLimit, PageLimit
from waybill.http.paths import parse_job_id
from waybill.http.responses import json_response, json_text
from waybill.http.waiting import client_of, waiting

# Lambda's request limit is 6 MB.
_REPLAY_BODY = BodySpec(
    (JSON, "text/csv"), 5 * 1024**2, " Replay the rejects in several calls.", replay_schemas
)
api = create_api("jobs", {"/jobs/{job_id}/replay": _REPLAY_BODY})
JobId = Annotated[str, Path()]
DatasetName = Annotated[str | None, Query(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
Wait = Annotated[int, Query(ge=0, le=25, description="Seconds to wait for the job to end.")]


def _visible(job_id: str) -> UUID:
    """The id of a job that the caller may see; the log lines of the request have it."""
    job = parse_job_id(job_id)
    api.logger.set_correlation_id(str(job))
    deps().check_visible(job, api.principal)
    return job


def _own(job_id: str) -> UUID:
    """The id of a job that the caller may change."""
    job = _visible(job_id)
    deps().check_own(job, api.principal)
    return job


@api.get("/jobs", tags=["jobs"], responses=describe_responses({200: JobPage}, 400, 422, 503))
def get_jobs(
    dataset: DatasetName = None,
    state: Annotated[State | None, Query()] = None,
    limit: PageLimit = 50,
    cursor: CursorParam = None,
    archive_job_id: Annotated[UUID | None, Query(description="Members of this archive.")] = None,
) -> Response[Any]:
    """List jobs, newest first."""
    query = JobsQuery(dataset, state, limit, cursor, api.principal.datasets, archive_job_id)
    page = list_jobs(deps(), query)
    url = base_url(api.current_event)
    items = [job_document(document, url) for document in page.items]
    return json_response({"items": items, "next_cursor": page.next_cursor})


@api.get("/jobs/<job_id>", tags=["jobs"], responses=describe_responses({200: Job}, 404, 422, 503))
def get_job(job_id: JobId, wait: Wait = 0) -> Response[Any]:
    """Get a job.

    With `wait`, respond when the job has ended or the time is over. While too many requests wait,
    respond at once, with the header Retry-After.
    """
    job = _visible(job_id)
    headers: dict[str, str | list[str]] = {}
    document = read_job(deps(), job)
    if wait and document["state"] not in FINAL_STATES:
        client = client_of(api.current_event)
        with waiting(deps().database, "job", client, deps().settings) as may_wait:
            if may_wait:
                document = read_job(deps(), job, min(wait, DEADLINE.seconds_left()))
            else:
                headers["Retry-After"] = "1"
    url = base_url(api.current_event)
    return json_response(job_document(document, url), headers=headers)


@api.get(
    "/task/<job_id>",
    tags=["jobs"],
    responses=describe_responses({200: Job}, 404, 422, 503),
)
def get_task(job_id: JobId, wait: Wait = 0) -> Response[Any]:
    """Get a job; the same as GET /jobs/{job_id}."""
    return get_job(job_id, wait)


@api.delete(
    "/jobs/<job_id>",
    tags=["jobs"],
    responses=describe_responses({202: JobCancelled}, 404, 409, 503),
)
def delete_job(job_id: JobId) -> Response[Any]:
    """Cancel a job.

    It writes no rows, and a file that arrives later is ignored.
    """
    job = _own(job_id)
    cancel_job(deps(), job, api.caller)
    api.logger.info("job cancelled", action="job.cancelled")
    return json_response(JobCancelled(job_id=job), HTTPStatus.ACCEPTED)


@api.get(
    "/jobs/<job_id>/rejects",
    tags=["jobs"],
    responses=describe_responses(
        {200: RejectPage, 303: RejectsDownload}, 400, 404, 413, 422, 503, csv=True
    ),
)
def get_rejects(
    job_id: JobId,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    cursor: CursorParam = None,
) -> Response[Any]:
    """List the rejects of a job, by line; those of an archive's members by member and line.

    JSON has 100 rejects per page unless `limit` is given. CSV has all of them unless `limit` or
    `cursor` is given; one too large for a response is a 303 redirect to a URL that is valid for
    15 minutes. A CSV cell that a spreadsheet would run as a formula gets an apostrophe in front;
    a replay of the CSV removes it. Personal values are `[masked]` for callers without the right
    to them; a replay restores those that are left so.
    """
    job = _visible(job_id)
    masked = audit_read(deps(), job, "rejects", api)
    query = RejectsQuery(job, limit, cursor, masked)
    return rejects_response(deps(), query, api.current_event, DEADLINE.seconds_left())


@api.post(
    "/jobs/<job_id>/replay",
    tags=["jobs"],
    responses=describe_responses({202: ReplayAccepted}, 400, 404, 413, 415, 422, 503),
)
def post_replay(job_id: JobId) -> Response[Any]:
    """Replay corrected rejects.

    Rows that a later file changed are left alone. A JSON row has the `_reject_id` and the
    corrected columns; a column that is left out keeps the value of the reject, and null means
    NULL. Columns that the file did not have keep their values in the table. A CSV has the
    columns of the rejects' CSV, with all or some of the records. A personal value that is still
    `[masked]` keeps the value of the reject. Rejects of the new job can be replayed again. Of an
    archive the rejects of all members are replayed by one request: the new job is an archive too,
    with a replay for each member, at the member's place in the landing order.
    """
    parent = _own(job_id)
    contract = deps().state.contracts.get(deps().dataset_of(parent))
    rows = parse_replay(api.current_event, contract)
    job = replay_job(deps(), parent, contract, rows, caller=api.caller)
    api.logger.info("rejects replayed", action="job.replayed", replay=str(job), rows=len(rows))
    headers: dict[str, str | list[str]] = {
        "Location": f"{base_url(api.current_event)}/jobs/{job}",
        "Retry-After": "1",
    }
    body = ReplayAccepted(job_id=job, parent_job_id=parent)
    return json_response(body, HTTPStatus.ACCEPTED, headers)


@api.post(
    "/jobs/<job_id>/revert",
    tags=["jobs"],
    responses=describe_responses({200: JobReverted, 202: RevertAccepted}, 404, 409, 422, 503),
)
def post_revert(job_id: JobId, wait: Wait = 20) -> Response[Any]:
    """Take the load of a job back.

    Rows that it inserted are removed, and rows that it updated or deleted are as before, all at
    once. That is refused (`not-revertible`) if something else has touched one of them since, or
    refers to one; `errors` has the first twenty. Of an archive the members are taken back, the
    last one first, until one is refused. A revert that is not done within `wait`, or while too
    many requests wait, is a 202: the job is REVERTING, then REVERTED, or has a `revert_error`. The
    dataset keeps what is needed for `revertible_days`. The same file can be loaded again
    afterwards. Safe to repeat.
    """
    job = _own(job_id)
    request_revert(deps(), job, api.caller)
    api.logger.info("revert requested", action="job.revert-requested")
    with waiting(deps().database, "job", client_of(api.current_event), deps().settings) as may_wait:
        seconds = min(wait, DEADLINE.seconds_left()) if may_wait else 0
        document = await_revert(deps(), job, seconds)
    if document is not None:
        # In the order of the model, and with the time as the job has it.
        revert = {name: document[name] for name in Revert.model_fields}
        return json_response({"job_id": str(job), "state": "REVERTED", "revert": revert})
    headers: dict[str, str | list[str]] = {
        "Location": f"{base_url(api.current_event)}/jobs/{job}",
        "Retry-After": "1",
    }
    return json_response(RevertAccepted(job_id=job), HTTPStatus.ACCEPTED, headers)


@api.get(
    "/jobs/<job_id>/runs",
    tags=["jobs"],
    responses=describe_responses({200: RunPage}, 400, 404, 422, 503),
)
def get_runs(
    job_id: JobId, limit: LongPageLimit = 100, cursor: CursorParam = None
) -> Response[Any]:
    """List the runs of a job: every attempt of a pipeline step."""
    page = list_runs(deps(), _visible(job_id), limit, cursor)
    return json_response({"items": page.items, "next_cursor": page.next_cursor})


@api.get(
    "/jobs/<job_id>/columns",
    tags=["jobs"],
    responses=describe_responses({200: ComparedColumns}, 404, 422, 503),
)
def get_columns(job_id: JobId) -> Response[Any]:
    """Compare the columns of a job's file with those of the load before it.

    Nulls, distinct values, the lowest and the highest value. There are none before the job has
    ended, of a job that failed, and of a batch.
    """
    return json_response(compare_columns(deps(), _visible(job_id)))


@api.get(
    "/jobs/<job_id>/pending",
    tags=["jobs"],
    responses=describe_responses({200: PendingPage}, 400, 404, 422, 503),
)
def get_pending(
    job_id: JobId, limit: LongPageLimit = 100, cursor: CursorParam = None
) -> Response[Any]:
    """List the valid records of a job that wait for a referenced row.

    Personal values are `[masked]` for callers without the right to them.
    """
    job = _visible(job_id)
    masked = audit_read(deps(), job, "pending", api)
    page = list_pending(deps(), PendingQuery(job, limit, cursor, masked))
    end = json.dumps({"next_cursor": page.next_cursor})
    return json_text(f'{{"items":[{",".join(page.items)}],{end[1:]}')


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
