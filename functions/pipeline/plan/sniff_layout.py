"""Reads the head of an object and sniffs its layout."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from functions.pipeline.plan.models import LandedJob
from waybill.binary.layout import binary_layout, binary_ranges
from waybill.binary.recognise import binary_format
from waybill.contract.model import Contract
from waybill.landing.object_ref import ObjectRef
from waybill.landing.objects import ObjectSource, stream_range
from waybill.records.chunking import ChunkRange
from waybill.records.layout import Layout
from waybill.records.marks import STANDARD_QUOTES
from waybill.records.sniffer import sniff_layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_HEAD_BYTES = 1024 * 1024
_BLOCK_BYTES = 4 * 1024 * 1024


class SniffedObject(NamedTuple):
    """An object with its layout; the head that was read is not fetched again."""

    s3: "S3Client"
    ref: ObjectRef
    head: bytes
    layout: Layout

    def blocks(self, byte_from: int, byte_to: int) -> Iterator[bytes]:
        """The bytes [byte_from, byte_to), in blocks of at most 4 MiB.

        Raises:
            Rejected: `object-missing` or `object-changed`.
            Retryable: S3 cannot be reached.
        """
        if byte_to <= len(self.head):
            return iter([self.head[byte_from:byte_to]])
        return stream_range(self.s3, self.ref, byte_from, byte_to, _BLOCK_BYTES)

    def binary_ranges(self, chunk_bytes: int, begin: int = 0) -> list[ChunkRange]:
        """The chunks of a binary file from the byte `begin`, where one ends.

        Raises:
            Rejected: the file cannot be read, or `object-missing` or `object-changed`.
            Retryable: S3 cannot be reached.
        """
        source = ObjectSource(self.s3, self.ref)
        return binary_ranges(source, self.layout, chunk_bytes, begin)


def read_head(s3: "S3Client", ref: ObjectRef) -> bytes:
    """The object's first MiB.

    Raises:
        Rejected: the object is missing or has changed.
        Retryable: S3 cannot be reached.
    """
    return b"".join(stream_range(s3, ref, 0, min(ref.size_bytes, _HEAD_BYTES), _BLOCK_BYTES))


def sniff_object(s3: "S3Client", job: LandedJob, contract: Contract, head: bytes) -> SniffedObject:
    """Determine format, encoding, delimiter, header and columns from the object's first MiB.

    Raises:
        Rejected: the object is not a file that the contract describes.
    """
    ref, ticket = job.ref, job.ticket
    if ticket and ticket.is_replay:
        # A blank record that was skipped would be a reject that is neither loaded nor left.
        # And it is text, whatever its parent was.
        contract = contract.model_copy(
            update={"skip_blank_records": False, "file_format": _replay_format(contract)}
        )
    if ticket and ticket.standard_quotes:
        contract = contract.model_copy(update=STANDARD_QUOTES)
    source = ObjectSource(s3, ref)
    if file_format := binary_format(head, source):
        layout = binary_layout(source, file_format, contract)
        return SniffedObject(s3, ref, head, layout)
    layout = sniff_layout(
        head,
        contract,
        whole=len(head) == ref.size_bytes,
        delimiter=ticket.delimiter if ticket else None,
        encoding=ticket.encoding if ticket else None,
    )
    return SniffedObject(s3, ref, head, layout)


def _replay_format(contract: Contract) -> str:
    return contract.file_format if contract.file_format in ("csv", "json") else "auto"
