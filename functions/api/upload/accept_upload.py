"""Accept an upload: a job id, a ticket, and the addresses that take exactly this file."""

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from functions.api.upload.answer import PartAddress, PartAddresses, PostForm
from functions.api.upload.part_sizes import MAX_FORM_BYTES, part_count, part_size
from functions.api.upload.request import SentFile, UploadRequest
from functions.api.upload.settings import UploadSettings
from waybill.clients import storage_reached
from waybill.ids import new_id
from waybill.landing.keys import key_for
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Landing(NamedTuple):
    """What the door works with."""

    s3: "S3Client"
    settings: UploadSettings
    state: StateBucket


def accept_upload(
    landing: Landing, dataset: str, request: UploadRequest, api: str
) -> PostForm | PartAddresses:
    """Promise a place for the file; the ticket is written before the client knows of it.

    Args:
        landing: S3, the settings and the state bucket.
        dataset: the dataset's name, as it came.
        request: the file, validated.
        api: the base address of this API, for `complete_url`.

    Raises:
        NotFound: `unknown-dataset`.
        TooLarge: `file-too-large`.
        Unavailable: `storage-unavailable`.
    """
    contract = landing.state.contracts.get(dataset)
    multipart = request.multipart or request.size_bytes > MAX_FORM_BYTES
    part_bytes = part_size(request.size_bytes) if multipart else 0
    ticket = ticket_for(landing.settings, contract.name, request, request.size_bytes)
    if not multipart:
        landing.state.tickets.put(ticket)
        return _form(landing, ticket)
    with storage_reached():
        started = landing.s3.create_multipart_upload(Bucket=ticket.bucket, Key=ticket.key)
    ticket = ticket.model_copy(update={"upload_id": started["UploadId"]})
    landing.state.tickets.put(ticket)
    return _parts(landing, ticket, part_bytes, api)


def ticket_for(
    settings: UploadSettings, dataset: str, request: UploadRequest | SentFile, size_bytes: int
) -> Ticket:
    """A fresh job's ticket for the file, not yet written."""
    job_id = new_id()
    now = datetime.now(UTC)
    return Ticket(
        job_id=job_id,
        dataset=dataset,
        filename=request.filename,
        size_bytes=size_bytes,
        sha256=request.sha256,
        delimiter=request.delimiter,
        encoding=request.encoding,
        dry_run=request.dry_run,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.upload_expires_seconds),
        bucket=settings.landing_bucket,
        key=key_for(dataset, job_id, request.filename),
    )


def _form(landing: Landing, ticket: Ticket) -> PostForm:
    fields = {}
    if ticket.sha256:
        fields["x-amz-checksum-algorithm"] = "SHA256"
        fields["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(ticket.sha256)).decode()
    # Exactly the announced size: a cut or a grown file is refused by S3 itself.
    exactly: list[object] = ["content-length-range", ticket.size_bytes, ticket.size_bytes]
    form = landing.s3.generate_presigned_post(
        ticket.bucket,
        # A key with `${filename}` would be filled in by S3; key_for lets no `$` through.
        ticket.key,
        Fields=dict(fields),
        Conditions=[*({name: value} for name, value in fields.items()), exactly],
        ExpiresIn=landing.settings.upload_expires_seconds,
    )
    return PostForm(
        job_id=ticket.job_id,
        expires_at=ticket.expires_at,
        url=form["url"],
        fields={name: str(value) for name, value in form["fields"].items()},
    )


def _parts(landing: Landing, ticket: Ticket, part_bytes: int, api: str) -> PartAddresses:
    where = {"Bucket": ticket.bucket, "Key": ticket.key, "UploadId": ticket.upload_id}
    addresses = [
        PartAddress(
            number=number,
            url=landing.s3.generate_presigned_url(
                "upload_part",
                Params={**where, "PartNumber": number},
                ExpiresIn=landing.settings.upload_expires_seconds,
            ),
        )
        for number in range(1, part_count(ticket.size_bytes, part_bytes) + 1)
    ]
    return PartAddresses(
        job_id=ticket.job_id,
        expires_at=ticket.expires_at,
        part_size_bytes=part_bytes,
        parts=addresses,
        complete_url=f"{api}/uploads/{ticket.dataset}/{ticket.job_id}/complete",
    )
