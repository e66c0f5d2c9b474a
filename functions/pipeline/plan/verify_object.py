"""Verifies an object's size and hash against the upload request."""

from typing import TYPE_CHECKING

from functions.pipeline.plan.models import LandedJob
from waybill.errors import Rejected
from waybill.landing.objects import stored_sha256
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def verify_object(s3: "S3Client", job: LandedJob) -> str | None:
    """Refuse an object that is empty or differs from its upload request.

    Returns:
        The SHA-256 in hex if S3 verified it at upload, which saves reading the object. None: the
        hash of the upload request, if it has one, is still to be checked.

    Raises:
        Rejected: `empty-file`, `size-mismatch`, `checksum-mismatch`, or the object is missing.
        Retryable: S3 cannot be reached or responds unexpectedly.
    """
    _check_size(job.ref.size_bytes, job.ticket)
    sha256 = stored_sha256(s3, job.ref) if must_hash(job) else None
    if sha256:
        check_sha256(sha256, job.ticket)
    return sha256


def must_hash(job: LandedJob) -> bool:
    """Whether the upload request has a hash."""
    return job.ticket is not None and job.ticket.sha256 is not None


def check_sha256(sha256: str, ticket: Ticket | None) -> None:
    """Compare the hash of the whole object, in hex, with that of the upload request, if any.

    Raises:
        Rejected: `checksum-mismatch`.
    """
    if ticket and ticket.sha256 and ticket.sha256.lower() != sha256:
        detail = f"The upload request has SHA-256 {ticket.sha256}, the file {sha256}."
        raise Rejected("checksum-mismatch", detail)


def _check_size(size_bytes: int, ticket: Ticket | None) -> None:
    if size_bytes == 0:
        raise Rejected("empty-file", "The file is empty.")
    if ticket and size_bytes != ticket.size_bytes:
        detail = f"The upload request has {ticket.size_bytes} bytes, the file {size_bytes}."
        raise Rejected("size-mismatch", detail)
