"""Holds an object against what the client announced of it."""

from typing import TYPE_CHECKING

from waybill.errors import Rejected
from waybill.landing.objects import ObjectRef, stored_sha256
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def check_size(ref: ObjectRef, ticket: Ticket | None) -> None:
    """Refuse what is empty, or not as long as announced.

    Raises:
        Rejected: `empty-file` or `size-mismatch`.
    """
    if ref.size_bytes == 0:
        raise Rejected("empty-file", "The file has no bytes.")
    if ticket and ref.size_bytes != ticket.size_bytes:
        detail = f"{ticket.size_bytes} bytes were announced, {ref.size_bytes} came."
        raise Rejected("size-mismatch", detail)


def check_sha256(sha256: str, ticket: Ticket | None) -> None:
    """Compare the hash of the whole object, in hex, with the announced one if there is one.

    Raises:
        Rejected: `checksum-mismatch`.
    """
    if ticket and ticket.sha256 and ticket.sha256.lower() != sha256:
        detail = f"SHA-256 {ticket.sha256} was announced, the file has {sha256}."
        raise Rejected("checksum-mismatch", detail)


def known_sha256(s3: "S3Client", ref: ObjectRef, ticket: Ticket | None) -> str | None:
    """What S3 itself checked at upload, when a hash was announced; spares a pass over the file.

    Raises:
        Rejected: `checksum-mismatch`, or the object is gone.
        Retryable: S3 cannot be reached or does not answer as it should.
    """
    sha256 = stored_sha256(s3, ref) if ticket and ticket.sha256 else None
    if sha256:
        check_sha256(sha256, ticket)
    return sha256
