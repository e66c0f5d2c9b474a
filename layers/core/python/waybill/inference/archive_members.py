"""The files in an archive, as samples to infer a dataset from."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO, cast

from waybill.archives.detect import COMPRESSIONS, detect_archive
from waybill.archives.members import ArchiveFormat, ArchiveLimits, Member
from waybill.archives.range_file import RangeFile
from waybill.archives.tar_archive import TarArchive
from waybill.archives.zip_archive import ZipArchive
from waybill.binary.source import FileSource, PartSource, Source, pieces
from waybill.errors import Rejected
from waybill.inference.file_sample import WHOLE_ELSEWHERE, FileSample, MemberOf
from waybill.records.compression import Limits, decompressed

MOST_MEMBERS = 20
"""Files of an archive that are read: a process decodes each of the binary ones, several times."""
_SHOWN_NAME = 100


@contextmanager
def files_of(sample: FileSample) -> Iterator[Sequence[FileSample]]:
    """The first files in the archive that the sample is; the sample itself if it is none.

    Raises:
        Rejected: `whole-file-needed`, it is not whole; or it is damaged.
    """
    archive_format = None if sample.binary_format else detect_archive(sample.head)
    if archive_format is None:
        yield [sample]
        return
    if sample.source is None:
        detail = (
            "Only a whole archive can be read. Send a file in it, or its beginning: a request takes"
            f" an archive of at most 4 MiB, and {WHOLE_ELSEWHERE}"
        )
        raise Rejected("whole-file-needed", detail)
    archive = _Archive(sample, sample.source, archive_format)
    if archive.is_office:
        yield [sample]
        return
    members = archive.open().listing().members
    with tempfile.TemporaryFile() as file:
        yield archive.unpack(members[:MOST_MEMBERS], file, len(members))


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

    def unpack(self, members: Sequence[Member], file: IO[bytes], count: int) -> list[FileSample]:
        """Write the members one after the other into the file; `count` are in the archive.

        Raises:
            Rejected: `corrupt-file` or `decompression-limit`.
        """
        ends = [0]
        for _, content in self.open().contents(frozenset(each.position for each in members)):
            file.writelines(content)
            ends.append(file.tell())
        file.flush()
        whole = FileSource(file.fileno())
        notes: tuple[str, ...] = (self._note(members, count),)
        samples = []
        for member, begin, end in zip(members, ends, ends[1:], strict=False):
            source = PartSource(whole, begin, end - begin)
            about = MemberOf(member.name[:_SHOWN_NAME], notes, count > len(members))
            bounds = self._sample.bounds
            samples.append(
                FileSample(source.pieces, whole=True, bounds=bounds, source=source, member=about)
            )
            notes = ()
        return samples

    def _note(self, members: Sequence[Member], count: int) -> str:
        if count == 1:
            name = members[0].name[:200]
            return f"archive: {self._format}, of which the only file, {name!r}, was read"
        read = "all" if count == len(members) else f"the first {len(members)}"
        return f"archive: {self._format} of {count} files, of which {read} were read"
