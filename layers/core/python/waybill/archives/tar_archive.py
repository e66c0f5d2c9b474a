"""Read tar archives as streams, with the extensions of GNU and POSIX."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from waybill.archives.members import ArchiveLimits, Lister, Listing
from waybill.block_file import BlockFile
from waybill.errors import Rejected

_PIECE = 1024 * 1024
_MAX_HEADER = 64 * 1024
_EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _StrictInfo(tarfile.TarInfo):
    """A header; the end of the archive must be marked, and headers must fit into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if not buf:
            raise Rejected("corrupt-file", "The tar archive is truncated: its end is missing.")
        try:
            info = super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            # The reader would take it for the end of the archive.
            raise Rejected("corrupt-file", f"The tar archive is damaged: {error}.") from error
        if info.type in _EXTENSIONS and info.size > _MAX_HEADER:
            raise Rejected("corrupt-file", "The tar archive has a header of more than 64 KiB.")
        return info


class TarArchive:
    """A tar archive that is read once, from its beginning."""

    def __init__(self, blocks: Iterator[bytes], limits: ArchiveLimits) -> None:
        self._file = BlockFile(blocks)
        self._limits = limits

    def listing(self) -> Listing:
        """The members, in order. Reads the archive to its end.

        Raises:
            Rejected: `corrupt-file`, `unsupported-file`, `empty-archive`, `duplicate-members`,
                `too-many-members` or `decompression-limit`.
        """
        lister = Lister(self._limits)
        with self._opened() as tar:
            for info in tar:
                _forget(tar)
                _check(info)
                lister.add(info.name, info.size, is_file=info.isreg())
            _check_end(tar)
        return lister.listing()

    def contents(self, positions: frozenset[int]) -> Iterator[tuple[int, Iterator[bytes]]]:
        """The contents of these members, in order; each must be read before the next one.

        Raises:
            Rejected: `corrupt-file`.
        """
        lister = Lister(self._limits)
        last = max(positions, default=0)
        with self._opened() as tar:
            for info in tar:
                _forget(tar)
                member = lister.add(info.name, info.size, is_file=info.isreg())
                if member is None or member.position not in positions:
                    continue
                yield member.position, _content(tar, info)
                if member.position == last:
                    return

    @contextmanager
    def _opened(self) -> Iterator[tarfile.TarFile]:
        try:
            with tarfile.open(fileobj=self._file, mode="r|", tarinfo=_StrictInfo) as tar:
                yield tar
        except RecursionError as error:
            # The reader calls itself for each extension of a header.
            detail = "The tar archive has too many extensions of one header."
            raise Rejected("corrupt-file", detail) from error
        except (tarfile.TarError, EOFError, ValueError, OSError) as error:
            raise Rejected("corrupt-file", f"The tar archive is damaged: {error}.") from error


def _forget(tar: tarfile.TarFile) -> None:
    # The reader keeps every header, of which there may be any number.
    tar.members.clear()  # type: ignore[attr-defined]


def _check(info: tarfile.TarInfo) -> None:
    if info.issparse():
        raise Rejected("unsupported-file", "The tar archive has a sparse file.")
    if info.size < 0:
        # By an extension, where the reader does not look.
        raise Rejected("corrupt-file", "The tar archive has a file of a negative size.")


def _check_end(tar: tarfile.TarFile) -> None:
    """Only zeros may follow: what was appended would not be loaded."""
    while rest := tar.fileobj.read(_PIECE):
        if rest.strip(b"\0"):
            detail = "Data follow the end of the tar archive. Were archives joined?"
            raise Rejected("corrupt-file", detail)


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    file = tar.extractfile(info)
    if file is None:
        raise Rejected("corrupt-file", "The tar archive has a member without content.")
    read = 0
    while piece := file.read(_PIECE):
        read += len(piece)
        yield piece
    if read != info.size:
        raise Rejected("corrupt-file", "The tar archive is truncated.")
