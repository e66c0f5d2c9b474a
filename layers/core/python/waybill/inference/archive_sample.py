"""The file in an archive, as a sample to infer a dataset from."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, cast

from waybill.archives.detect import COMPRESSIONS, detect_archive
from waybill.archives.members import ArchiveFormat, ArchiveLimits, Member
from waybill.archives.range_file import RangeFile
from waybill.archives.tar_archive import TarArchive
from waybill.archives.zip_archive import ZipArchive
from waybill.binary.source import FileSource, Source, pieces
from waybill.errors import Rejected
from waybill.inference.file_sample import FileSample
from waybill.records.compression import Limits, decompressed

_SHOWN = 10


@contextmanager
def without_archive(sample: FileSample) -> Iterator[FileSample]:
    """The only file in the archive that the sample is; the sample itself if it is none.

    Raises:
        Rejected: `unsupported-file`, it holds several files or is not whole; or it is damaged.
    """
    archive_format = None if sample.binary_format else detect_archive(sample.head)
    if archive_format is None:
        yield sample
        return
    if sample.source is None:
        detail = "Only a whole archive can be read: send the file in it, or its beginning."
        raise Rejected("unsupported-file", detail)
    archive = _Archive(sample, sample.source, archive_format)
    if archive.is_office:
        yield sample
        return
    member = archive.only_member()
    with tempfile.TemporaryFile() as file:
        for _, content in archive.open().contents(frozenset([member.position])):
            file.writelines(content)
        file.flush()
        source = FileSource(file.fileno())
        note = f"archive: {archive_format}, of which the only file, {member.name[:200]!r}, was read"
        yield FileSample(
            source.pieces, whole=True, bounds=sample.bounds, source=source, notes=(note,)
        )


class _Archive:
    def __init__(self, sample: FileSample, source: Source, archive_format: ArchiveFormat) -> None:
        self._sample = sample
        self._source = source
        self._format = archive_format
        self._limits = ArchiveLimits(output_bytes=2 * sample.bounds.text_bytes)

    @property
    def is_office(self) -> bool:
        """Whether it is a document of an office program."""
        reader = self.open()
        return isinstance(reader, ZipArchive) and reader.is_office

    def open(self) -> ZipArchive | TarArchive:
        """The archive, from its beginning."""
        if self._format == "zip":
            file = RangeFile(partial(pieces, self._source), self._source.size)
            return ZipArchive(cast("IO[bytes]", file), self._limits)
        blocks = pieces(self._source, 0, self._source.size)
        if compression := COMPRESSIONS.get(self._format):
            limits = Limits(self._limits.output_bytes, self._limits.ratio)
            blocks = decompressed(blocks, compression, limits)
        return TarArchive(blocks, self._limits)

    def only_member(self) -> Member:
        """The file in it."""
        members = self.open().listing().members
        if len(members) > 1:
            names = ", ".join(repr(member.name[:100]) for member in members[:_SHOWN])
            detail = f"The archive holds {len(members)} files: {names}. Send one of them."
            raise Rejected("unsupported-file", detail)
        return members[0]
