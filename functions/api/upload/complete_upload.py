"""Complete a multipart upload: only then does the object land."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.api.upload.accept_upload import Landing
from functions.api.upload.request import CompleteRequest
from waybill.clients import code_of, storage_reached
from waybill.errors import Conflict, NotFound, Rejected
from waybill.http.paths import job_id_of
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_REFUSED = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"}


def complete_upload(landing: Landing, dataset: str, job: str, request: CompleteRequest) -> Ticket:
    """Put the parts together; a second call finds the object and says the same.

    Raises:
        NotFound: `unknown-job`.
        Conflict: `not-multipart`, or `upload-gone` when it was aborted or has expired.
        Rejected: `parts-refused`, or `size-mismatch` with the announced size.
        Unavailable: `storage-unavailable`.
    """
    job_id = job_id_of(job)
    ticket = landing.state.tickets.find(job_id)
    if ticket is None or ticket.dataset != dataset:
        raise NotFound("unknown-job", f"There is no upload {job_id} to {dataset!r}.")
    if ticket.upload_id is None:
        raise Conflict("not-multipart", "This upload is one form post; nothing is to complete.")
    try:
        with storage_reached():
            _check_size(landing, ticket)
            _complete(landing, ticket, request)
    except ClientError as error:
        _decide(landing, ticket, error)
    return ticket


def _complete(landing: Landing, ticket: Ticket, request: CompleteRequest) -> None:
    parts: list[CompletedPartTypeDef] = [
        {"PartNumber": part.number, "ETag": part.etag}
        for part in sorted(request.parts, key=lambda part: part.number)
    ]
    landing.s3.complete_multipart_upload(
        Bucket=ticket.bucket,
        Key=ticket.key,
        UploadId=str(ticket.upload_id),
        MultipartUpload={"Parts": parts},
    )


def _check_size(landing: Landing, ticket: Ticket) -> None:
    pages = landing.s3.get_paginator("list_parts").paginate(
        Bucket=ticket.bucket, Key=ticket.key, UploadId=str(ticket.upload_id)
    )
    came = sum(part["Size"] for page in pages for part in page.get("Parts", []))
    if came != ticket.size_bytes:
        detail = f"{ticket.size_bytes} bytes were announced, the parts have {came}."
        raise Rejected("size-mismatch", detail)


def _decide(landing: Landing, ticket: Ticket, error: ClientError) -> None:
    code = code_of(error)
    if code in _REFUSED:
        raise Rejected("parts-refused", f"S3 refused the parts: {code}.") from error
    if code != "NoSuchUpload":
        raise error
    # Completed before, by a call whose answer was lost? Then the object is there.
    with storage_reached():
        found = landing.s3.list_objects_v2(Bucket=ticket.bucket, Prefix=ticket.key, MaxKeys=1)
    if not found.get("KeyCount"):
        raise Conflict("upload-gone", "The upload was aborted or has expired.") from error
