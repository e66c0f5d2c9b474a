"""Complete a multipart upload; only then does the object exist."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.api.upload.deps import Deps
from functions.api.upload.models import CompleteRequest
from waybill.clients import code_of, storage_reached
from waybill.contract.size_limit import check_size
from waybill.errors import Conflict, NotFound, Rejected
from waybill.http.access import check_creator
from waybill.http.paths import parse_job_id
from waybill.http.principal import Principal
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_REFUSED = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"}


def complete_upload(
    deps: Deps, dataset: str, job: str, request: CompleteRequest, principal: Principal
) -> Ticket:
    """Assemble the parts; a repeated call returns the same result.

    Raises:
        NotFound: `unknown-job`, or `unknown-dataset` if it was removed since.
        Forbidden: somebody else began the upload, and `principal` is no administrator.
        TooLarge: `file-too-large`.
        Conflict: `not-multipart`, or `upload-gone` if it was aborted or has expired.
        Rejected: `parts-refused`, or `size-mismatch` with the requested size.
        Unavailable: `storage-unavailable`.
    """
    job_id = parse_job_id(job)
    ticket = deps.state.tickets.find(job_id)
    if ticket is None or ticket.dataset != dataset:
        raise NotFound("unknown-job", f"There is no upload {job_id} to {dataset!r}.")
    check_creator(ticket.created_by, principal)
    if ticket.upload_id is None:
        raise Conflict("not-multipart", "This upload is a form POST; it needs no completion.")
    try:
        # The dataset's limit may have been lowered since the upload was accepted.
        check_size(deps.settings, deps.state.contracts.get(dataset), ticket.size_bytes)
        with storage_reached():
            _check_parts(deps, ticket)
            _complete(deps, ticket, request)
    except ClientError as error:
        _check_completed(deps, ticket, error)
    return ticket


def _complete(deps: Deps, ticket: Ticket, request: CompleteRequest) -> None:
    parts: list[CompletedPartTypeDef] = [
        {"PartNumber": part.number, "ETag": part.etag}
        for part in sorted(request.parts, key=lambda part: part.number)
    ]
    deps.s3.complete_multipart_upload(
        Bucket=ticket.bucket,
        Key=ticket.key,
        UploadId=str(ticket.upload_id),
        MultipartUpload={"Parts": parts},
    )


def _check_parts(deps: Deps, ticket: Ticket) -> None:
    pages = deps.s3.get_paginator("list_parts").paginate(
        Bucket=ticket.bucket, Key=ticket.key, UploadId=str(ticket.upload_id)
    )
    size = sum(part["Size"] for page in pages for part in page.get("Parts", []))
    if size != ticket.size_bytes:
        detail = f"The parts have {size} bytes; the upload request has {ticket.size_bytes}."
        raise Rejected("size-mismatch", detail)


def _check_completed(deps: Deps, ticket: Ticket, error: ClientError) -> None:
    code = code_of(error)
    if code in _REFUSED:
        raise Rejected("parts-refused", f"S3 refused the parts: {code}.") from error
    if code != "NoSuchUpload":
        raise error
    # If an earlier call completed it but its response was lost, the object exists.
    with storage_reached():
        objects = deps.s3.list_objects_v2(Bucket=ticket.bucket, Prefix=ticket.key, MaxKeys=1)
    if not objects.get("KeyCount"):
        raise Conflict("upload-gone", "The upload was aborted or has expired.") from error
