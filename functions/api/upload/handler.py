"""POST /uploads/{dataset}: a job id and a place for one file, or the file itself. No database."""

from functools import cache
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.upload.accept_file import INSTEAD, MAX_FILE_BYTES, accept_file
from functions.api.upload.accept_upload import Landing, accept_upload
from functions.api.upload.answer import Landed, PartAddresses, PostForm
from functions.api.upload.complete_upload import complete_upload
from functions.api.upload.form_data import form_schema, read_form
from functions.api.upload.request import CompleteRequest, UploadRequest
from functions.api.upload.settings import UploadSettings
from waybill.clients import s3_client
from waybill.http.app import create_api
from waybill.http.bodies import Takes
from waybill.http.describe import answers
from waybill.http.links import base_url
from waybill.http.responses import json_answer
from waybill.state.bucket import StateBucket

_FORM = "multipart/form-data"
# A file of the greatest size, and the form around it.
_TAKES = Takes((_FORM,), MAX_FILE_BYTES + 64 * 1024, INSTEAD, lambda: {_FORM: form_schema()})
api = create_api(
    "upload", dict.fromkeys(("/uploads/{dataset}/file", "/upload/csv/{dataset}"), _TAKES)
)


@cache
def landing() -> Landing:
    """S3, settings and contracts, kept for the life of the process."""
    settings = UploadSettings.from_environment()
    return Landing(s3_client(), settings, StateBucket(s3_client(), settings.state_bucket))


@api.post(
    "/uploads/<dataset>",
    tags=["uploads"],
    responses=answers({201: PostForm | PartAddresses}, 400, 404, 413, 415, 422, 503),
)
def upload(
    dataset: Annotated[str, Path()], request: Annotated[UploadRequest, Body()]
) -> Response[Any]:
    """Ask for a place to upload a file to.

    Up to 5 GiB it is a form: POST its fields, then the file in a field named `file`. Over that,
    or on request, it is an address per part to PUT to. S3 takes exactly `size_bytes`, and
    exactly the content of `sha256` when it is given.
    """
    accepted = accept_upload(landing(), dataset, request, base_url(api.current_event))
    api.logger.set_correlation_id(str(accepted.job_id))
    api.logger.info(
        "upload accepted",
        action="upload.accepted",
        dataset=dataset,
        size_bytes=request.size_bytes,
        method=accepted.method,
    )
    return json_answer(accepted, HTTPStatus.CREATED, _job_headers(accepted.job_id))


@api.post(
    "/uploads/<dataset>/<job_id>/complete",
    tags=["uploads"],
    responses=answers({202: Landed}, 400, 404, 409, 413, 415, 422, 503),
)
def complete(
    dataset: Annotated[str, Path()],
    job_id: Annotated[str, Path()],
    request: Annotated[CompleteRequest, Body()],
) -> Response[Any]:
    """Complete a multipart upload; safe to repeat."""
    ticket = complete_upload(landing(), dataset, job_id, request)
    api.logger.set_correlation_id(str(ticket.job_id))
    api.logger.info("upload completed", action="upload.completed", dataset=dataset)
    return _landed(ticket.job_id)


@api.post(
    "/uploads/<dataset>/file",
    tags=["uploads"],
    responses=answers({202: Landed}, 400, 404, 413, 415, 422, 503),
)
def upload_file(dataset: Annotated[str, Path()]) -> Response[Any]:
    """Upload a small file in one call: a form with the file in its field `file`.

    Up to 4 MiB; the form may also have the fields `sha256`, `dry_run`, `encoding` and
    `delimiter`. What is sent twice is two jobs, and the second changes nothing.
    """
    ticket = accept_file(landing(), dataset, read_form(api.current_event))
    api.logger.set_correlation_id(str(ticket.job_id))
    api.logger.info(
        "file accepted",
        action="upload.accepted",
        dataset=dataset,
        size_bytes=ticket.size_bytes,
        method="FILE",
    )
    return _landed(ticket.job_id)


@api.post(
    "/upload/csv/<dataset>",
    tags=["uploads"],
    responses=answers({202: Landed}, 400, 404, 413, 415, 422, 503),
)
def upload_csv(dataset: Annotated[str, Path()]) -> Response[Any]:
    """Upload a small file in one call; the same as POST /uploads/{dataset}/file."""
    return upload_file(dataset)


def _landed(job_id: UUID) -> Response[Any]:
    headers = {**_job_headers(job_id), "Retry-After": "1"}
    return json_answer(Landed(job_id=job_id), HTTPStatus.ACCEPTED, headers)


def _job_headers(job_id: object) -> dict[str, str | list[str]]:
    return {"Location": f"{base_url(api.current_event)}/jobs/{job_id}"}


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
