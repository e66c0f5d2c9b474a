"""POST /uploads/{dataset}: a job id and a presigned place for one file. No database."""

from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.upload.accept_upload import Landing, accept_upload
from functions.upload.answer import Landed, PartAddresses, PostForm
from functions.upload.complete_upload import complete_upload
from functions.upload.request import CompleteRequest, UploadRequest
from functions.upload.settings import UploadSettings
from waybill.clients import s3_client
from waybill.contract.published import Contracts
from waybill.http.answers import json_answer
from waybill.http.app import create_api
from waybill.http.describe import answers
from waybill.http.links import base_url

api = create_api("upload")


@cache
def landing() -> Landing:
    """S3, settings and contracts, kept for the life of the process."""
    settings = UploadSettings.from_environment()
    return Landing(s3_client(), settings, Contracts(s3_client(), settings.state_bucket))


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
    headers = {**_job_headers(ticket.job_id), "Retry-After": "1"}
    return json_answer(Landed(job_id=ticket.job_id), HTTPStatus.ACCEPTED, headers)


def _job_headers(job_id: object) -> dict[str, str | list[str]]:
    return {"Location": f"{base_url(api.current_event)}/jobs/{job_id}"}


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
