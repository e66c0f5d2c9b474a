"""POST /uploads/{dataset}: presigned uploads, and small files in one call. Needs no database.

POST /samples: presigned uploads of files that are only looked at.
"""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.upload.accept_file import LARGER_FILE_HINT, MAX_FILE_BYTES, accept_file
from functions.api.upload.accept_sample import accept_sample
from functions.api.upload.accept_upload import accept_upload
from functions.api.upload.complete_upload import complete_upload
from functions.api.upload.deps import deps
from functions.api.upload.models import (
    CompleteRequest,
    Landed,
    MultipartUpload,
    PostForm,
    SampleForm,
    SampleRequest,
    UploadRequest,
)
from functions.api.upload.parse_form import FORM, form_schema, parse_form
from waybill.http.app import create_api
from waybill.http.bodies import BodySpec
from waybill.http.describe import describe_responses
from waybill.http.links import base_url
from waybill.http.responses import json_response

# The largest file, and the form around it.
_BODY = BodySpec(
    (FORM,), MAX_FILE_BYTES + 64 * 1024, LARGER_FILE_HINT, lambda: {FORM: form_schema()}
)
api = create_api(
    "upload", dict.fromkeys(("/uploads/{dataset}/file", "/upload/csv/{dataset}"), _BODY)
)


@api.post(
    "/uploads/<dataset>",
    tags=["uploads"],
    responses=describe_responses({201: PostForm | MultipartUpload}, 400, 404, 413, 415, 422, 503),
)
def upload(
    dataset: Annotated[str, Path()], request: Annotated[UploadRequest, Body()]
) -> Response[Any]:
    """Start an upload.

    Up to 5 GiB the response is a form: POST its fields, then the file in a field named `file`.
    Larger files, or with `multipart`, get one URL per part to PUT to. S3 accepts only a file of
    exactly `size_bytes`, and of `sha256` if given.
    """
    accepted = accept_upload(
        deps(),
        dataset,
        request,
        base_url(api.current_event),
        caller=api.caller,
    )
    api.logger.set_correlation_id(str(accepted.job_id))
    api.logger.info(
        "upload accepted",
        action="upload.accepted",
        dataset=dataset,
        size_bytes=request.size_bytes,
        method=accepted.method,
    )
    return json_response(accepted, HTTPStatus.CREATED, _job_headers(accepted.job_id))


@api.post(
    "/uploads/<dataset>/<job_id>/complete",
    tags=["uploads"],
    responses=describe_responses({202: Landed}, 400, 404, 409, 413, 415, 422, 503),
)
def complete(
    dataset: Annotated[str, Path()],
    job_id: Annotated[str, Path()],
    request: Annotated[CompleteRequest, Body()],
) -> Response[Any]:
    """Complete a multipart upload; safe to repeat."""
    ticket = complete_upload(deps(), dataset, job_id, request, api.principal)
    api.logger.set_correlation_id(str(ticket.job_id))
    api.logger.info("upload completed", action="upload.completed", dataset=dataset)
    return _landed(ticket.job_id)


@api.post(
    "/uploads/<dataset>/file",
    tags=["uploads"],
    responses=describe_responses({202: Landed}, 400, 404, 413, 415, 422, 503),
)
def upload_file(dataset: Annotated[str, Path()]) -> Response[Any]:
    """Upload a small file in one call.

    A form with the file in the field `file`, up to 4 MiB, and optionally the fields `sha256`,
    `dry_run`, `encoding` and `delimiter`. Sending a file twice makes two jobs; the second one
    changes nothing.
    """
    form = parse_form(api.current_event)
    ticket = accept_file(deps(), dataset, form, caller=api.caller)
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
    responses=describe_responses({202: Landed}, 400, 404, 413, 415, 422, 503),
)
def upload_csv(dataset: Annotated[str, Path()]) -> Response[Any]:
    """Upload a small file in one call; the same as POST /uploads/{dataset}/file."""
    return upload_file(dataset)


@api.post(
    "/samples",
    tags=["uploads"],
    responses=describe_responses({201: SampleForm}, 400, 413, 415, 422, 429, 503),
)
def sample(request: Annotated[SampleRequest, Body()]) -> Response[Any]:
    """Start the upload of a file that is only looked at.

    POST the form's fields, then the file. `POST /datasets/infer` and `POST
    /datasets/{name}/preview` read it by its `sample_id`, for the caller who uploaded it. It is
    loaded into nothing, and deleted after a day, or as soon as a person is erased. A caller may
    begin so many samples, of so many bytes, within a day; more are a 429.
    """
    accepted = accept_sample(deps(), request, api.caller)
    api.logger.info("sample accepted", action="sample.accepted", size_bytes=request.size_bytes)
    return json_response(accepted, HTTPStatus.CREATED)


def _landed(job_id: UUID) -> Response[Any]:
    headers = {**_job_headers(job_id), "Retry-After": "1"}
    return json_response(Landed(job_id=job_id), HTTPStatus.ACCEPTED, headers)


def _job_headers(job_id: object) -> dict[str, str | list[str]]:
    return {"Location": f"{base_url(api.current_event)}/jobs/{job_id}"}


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
