"""Recognises an archive, and reads it."""

import hashlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from functions.pipeline.plan.deps import Deps
from functions.pipeline.plan.models import LandedJob
from waybill.archives.detect import COMPRESSIONS, detect_archive
from waybill.archives.members import ArchiveFormat, ArchiveLimits, Listing
from waybill.archives.range_file import RangeFile
from waybill.archives.tar_archive import TarArchive
from waybill.archives.zip_archive import ZipArchive
from waybill.landing.object_ref import ObjectRef
from waybill.landing.objects import stream_range
from waybill.records.compression import Limits, decompressed

if TYPE_CHECKING:
    from hashlib import _Hash

    from mypy_boto3_s3 import S3Client

_BLOCK_BYTES = 1024 * 1024


class Archive(NamedTuple):
    """An archive in an object. Each call reads the object."""

    s3: "S3Client"
    ref: ObjectRef
    format: ArchiveFormat
    limits: ArchiveLimits

    def listing(self) -> tuple[Listing, str]:
        """The members, and the object's SHA-256 in hex. A tar is read to its end.

        Raises:
            Rejected: it is no archive that can be loaded.
            Retryable: S3 cannot be reached.
        """
        digest = hashlib.sha256()
        blocks = _hashing(self._blocks(), digest)
        reader = self._zip() if self.format == "zip" else self._tar(blocks)
        listing = reader.listing()
        for _ in blocks:
            pass
        return listing, digest.hexdigest()

    def contents(self, positions: frozenset[int]) -> Iterator[tuple[int, Iterator[bytes]]]:
        """The contents of these members, in order; each must be read before the next one.

        Raises:
            Rejected: `corrupt-file`, also while a content is read.
            Retryable: S3 cannot be reached.
        """
        if self.format == "zip":
            return self._zip().contents(positions)
        return self._tar(self._blocks()).contents(positions)

    @property
    def is_office(self) -> bool:
        """Whether it is a document of an office program, and so a file."""
        return self.format == "zip" and self._zip().is_office

    def _blocks(self) -> Iterator[bytes]:
        return stream_range(self.s3, self.ref, 0, self.ref.size_bytes, _BLOCK_BYTES)

    def _zip(self) -> ZipArchive:
        def open_range(begin: int, end: int) -> Iterator[bytes]:
            return stream_range(self.s3, self.ref, begin, end, _BLOCK_BYTES)

        file = RangeFile(open_range, self.ref.size_bytes)
        return ZipArchive(cast("IO[bytes]", file), self.limits)

    def _tar(self, blocks: Iterator[bytes]) -> TarArchive:
        compression = COMPRESSIONS.get(self.format)
        if compression is not None:
            limits = Limits(self.limits.output_bytes, self.limits.ratio)
            blocks = decompressed(blocks, compression, limits)
        return TarArchive(blocks, self.limits)


def find_archive(deps: Deps, job: LandedJob, head: bytes) -> Archive | None:
    """The archive that the object is, if it is one; workbooks and other documents are none.

    Raises:
        Rejected: `corrupt-file`, a zip archive without its directory.
        Retryable: S3 cannot be reached.
    """
    archive_format = detect_archive(head)
    if archive_format is None:
        return None
    settings = deps.settings
    limits = ArchiveLimits(
        settings.archive_members_limit,
        settings.unpacked_bytes_limit,
        settings.unpacked_ratio_limit,
    )
    archive = Archive(deps.s3, job.ref, archive_format, limits)
    return None if archive.is_office else archive


def _hashing(blocks: Iterator[bytes], digest: "_Hash") -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block
