"""Read zip archives by their directory, with zip64 and data descriptors."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, cast

from waybill.archives.members import (
    ArchiveLimits,
    Lister,
    Listing,
    Member,
    is_system_file,
    shown_name,
)
from waybill.archives.range_file import RangeFile
from waybill.binary.source import Source, pieces
from waybill.errors import Rejected
from waybill.records.compression import Limits

_PIECE = 1024 * 1024
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Files that make a zip archive a document of an office program.
_CONTENT_TYPES = "[Content_Types].xml"
_MIMETYPE = "mimetype"


class ZipArchive:
    """A zip archive in a seekable file."""

    def __init__(self, file: IO[bytes], limits: ArchiveLimits) -> None:
        """Read the directory.

        Raises:
            Rejected: `corrupt-file` or `too-many-members`.
        """
        self._limits = limits
        with _damage():
            self._size = file.seek(0, io.SEEK_END)
            self._zip = zipfile.ZipFile(file)
            # The reader does not compare the two: members would be lost without a word.
            if len(self._zip.infolist()) != _declared_entries(file):
                raise zipfile.BadZipFile("its directory has not as many entries as it says")

    @property
    def is_office(self) -> bool:
        """Whether it is a document, such as a workbook, and not an archive of files."""
        return self.has(_CONTENT_TYPES) or self.has(_MIMETYPE)

    def has(self, name: str) -> bool:
        """Whether there is an entry of this name, in capital or small letters."""
        return any(info.filename.lower() == name.lower() for info in self._zip.infolist())

    def listing(self) -> Listing:
        """The members, in the order of the directory.

        Raises:
            Rejected: `encrypted-archive`, `unsupported-file`, `empty-archive`,
                `duplicate-members`, `too-many-members` or `decompression-limit`.
        """
        lister = Lister(self._limits)
        for info in self._zip.infolist():
            if info.is_dir() and info.file_size:
                name = shown_name(info.filename)
                raise Rejected("corrupt-file", f"The zip archive has a folder {name!r} with data.")
            member = lister.add(info.filename, info.file_size, is_file=not info.is_dir())
            if member is not None:
                _check(info, member, self._limits)
        listing = lister.listing()
        # Members of a few MiB each pass the limit on the ratio of one, and may share their bytes.
        total = sum(member.size_bytes for member in listing.members)
        Limits(self._limits.output_bytes, self._limits.ratio).check(self._size, total)
        return listing

    def contents(self, positions: frozenset[int]) -> Iterator[tuple[int, Iterator[bytes]]]:
        """The contents of these members, in order; each must be read before the next one.

        Reading one raises `Rejected`: `corrupt-file` or `decompression-limit`.
        """
        kept = (
            info
            for info in self._zip.infolist()
            if not info.is_dir() and not is_system_file(info.filename)
        )
        for position, info in enumerate(kept, 1):
            if position in positions:
                yield position, self._content(info)

    def _content(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        limits = Limits(self._limits.output_bytes, self._limits.ratio)
        produced = 0
        with _damage(), self._zip.open(info) as file:
            while piece := file.read(_PIECE):
                produced += len(piece)
                # The directory may lie about sizes: what counts is what comes out.
                limits.check(info.compress_size, produced)
                yield piece


def is_office_document(source: Source) -> bool:
    """Whether the zip archive is a document of Office, such as a workbook, by its directory.

    Raises:
        Rejected: `corrupt-file` or `too-many-members`.
        Retryable: the source cannot be read.
    """
    file = RangeFile(partial(pieces, source), source.size)
    return ZipArchive(cast("IO[bytes]", file), ArchiveLimits()).has(_CONTENT_TYPES)


def _declared_entries(file: IO[bytes]) -> int:
    """The number of entries by the record at the end of the archive, also one of zip64."""
    end: list[int] = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # noqa: SLF001
    return end[zipfile._ECD_ENTRIES_TOTAL]  # type: ignore[attr-defined]  # noqa: SLF001


def _check(info: zipfile.ZipInfo, member: Member, limits: ArchiveLimits) -> None:
    name = repr(member.name[:100])
    if info.flag_bits & _ENCRYPTED:
        detail = f"Member {name} is encrypted. Make the archive without a password."
        raise Rejected("encrypted-archive", detail)
    if info.compress_type not in _METHODS:
        detail = f"Member {name} is compressed with method {info.compress_type}. Use deflate."
        raise Rejected("unsupported-file", detail)
    Limits(limits.output_bytes, limits.ratio).check(info.compress_size, info.file_size)


@contextmanager
def _damage() -> Iterator[None]:
    """Turn the errors of the reader into `Rejected`."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise Rejected("corrupt-file", f"The zip archive is damaged: {error}.") from error
    except (ValueError, RuntimeError, UnicodeError) as error:
        raise Rejected("corrupt-file", f"The zip archive cannot be read: {error}.") from error
