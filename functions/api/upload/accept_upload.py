"""Accept an upload: a job id, a ticket and presigned URLs for exactly this file."""

import base64
from datetime import UTC, datetime, timedelta

from functions.api.upload.deps import Deps
from functions.api.upload.models import (
    FormFile,
    MultipartUpload,
    PartUrl,
    PostForm,
    UploadRequest,
)
from functions.api.upload.part_sizes import MAX_FORM_BYTES, part_size, part_sizes
from functions.api.upload.settings import UploadSettings
from waybill.callers import Caller
from waybill.clients import storage_reached
from waybill.contract.size_limit import check_size
from waybill.ids import new_id
from waybill.landing.keys import key_for
from waybill.state.tickets import Ticket


def accept_upload(
    deps: Deps, dataset: str, request: UploadRequest, base_url: str, *, caller: Caller
) -> PostForm | MultipartUpload:
    """Write the ticket, then return the presigned upload.

    Args:
        deps: S3, the settings and the state bucket.
        dataset: the dataset's name.
        request: the file to upload.
        base_url: the base URL of this API, for `complete_url`.
        caller: who asks for it.

    Raises:
        NotFound: `unknown-dataset`.
        TooLarge: `file-too-large`.
        Unavailable: `storage-unavailable`.
    """
    contract = deps.state.contracts.get(dataset)
    check_size(deps.settings, contract, request.size_bytes)
    multipart = request.multipart or request.size_bytes > MAX_FORM_BYTES
    part_bytes = part_size(request.size_bytes) if multipart else 0
    ticket = make_ticket(deps.settings, contract.name, request, request.size_bytes, caller=caller)
    if not multipart:
        deps.state.tickets.put(ticket)
        return _post_form(deps, ticket)
    with storage_reached():
        created = deps.s3.create_multipart_upload(Bucket=ticket.bucket, Key=ticket.key)
    ticket = ticket.model_copy(update={"upload_id": created["UploadId"]})
    deps.state.tickets.put(ticket)
    return _multipart_upload(deps, ticket, part_bytes, base_url)


def make_ticket(
    settings: UploadSettings,
    dataset: str,
    file: UploadRequest | FormFile,
    size_bytes: int,
    *,
    caller: Caller,
) -> Ticket:
    """A ticket with a new job id; it is not yet written."""
    job_id = new_id()
    now = datetime.now(UTC)
    return Ticket(
        job_id=job_id,
        dataset=dataset,
        filename=file.filename,
        size_bytes=size_bytes,
        sha256=file.sha256,
        delimiter=file.delimiter,
        encoding=file.encoding,
        dry_run=file.dry_run,
        created_by=caller.subject,
        created_from=caller.source,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.upload_expires_seconds),
        bucket=settings.landing_bucket,
        key=key_for(dataset, job_id, file.filename),
    )


def _post_form(deps: Deps, ticket: Ticket) -> PostForm:
    fields = {}
    if ticket.sha256:
        fields["x-amz-checksum-algorithm"] = "SHA256"
        fields["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(ticket.sha256)).decode()
    # S3 itself refuses a truncated or longer file.
    size_range: list[object] = ["content-length-range", ticket.size_bytes, ticket.size_bytes]
    form = deps.s3.generate_presigned_post(
        ticket.bucket,
        # S3 would substitute `${filename}` in a key; key_for removes every `$`.
        ticket.key,
        Fields=dict(fields),
        Conditions=[*({name: value} for name, value in fields.items()), size_range],
        ExpiresIn=deps.settings.upload_expires_seconds,
    )
    return PostForm(
        job_id=ticket.job_id,
        expires_at=ticket.expires_at,
        url=form["url"],
        fields={name: str(value) for name, value in form["fields"].items()},
    )


def _multipart_upload(
    deps: Deps, ticket: Ticket, part_bytes: int, base_url: str
) -> MultipartUpload:
    upload = {"Bucket": ticket.bucket, "Key": ticket.key, "UploadId": ticket.upload_id}
    parts = [
        PartUrl(
            number=number,
            size_bytes=size,
            url=deps.s3.generate_presigned_url(
                "upload_part",
                # The size is signed, so a URL cannot be used to store more than was requested.
                Params={**upload, "PartNumber": number, "ContentLength": size},
                ExpiresIn=deps.settings.upload_expires_seconds,
            ),
        )
        for number, size in enumerate(part_sizes(ticket.size_bytes, part_bytes), 1)
    ]
    return MultipartUpload(
        job_id=ticket.job_id,
        expires_at=ticket.expires_at,
        part_size_bytes=part_bytes,
        parts=parts,
        complete_url=f"{base_url}/uploads/{ticket.dataset}/{ticket.job_id}/complete",
    )
