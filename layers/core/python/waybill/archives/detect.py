"""Recognise archives by the first bytes of an object."""

import tarfile
from contextlib import suppress

from waybill.archives.members import ArchiveFormat
from waybill.errors import Rejected
from waybill.records.compression import Compression, decompressed, detect_compression

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HEADER = 512
_MAGIC_AT = 257
_MAGIC = b"ustar"
_COMPRESSED: dict[Compression, ArchiveFormat] = {
    "gzip": "tar.gz",
    "bzip2": "tar.bz2",
    "zstd": "tar.zst",
}

COMPRESSIONS: dict[ArchiveFormat, Compression] = {
    kind: compression for compression, kind in _COMPRESSED.items()
}
"""What is around the tar in an archive of this kind."""


def detect_archive(head: bytes) -> ArchiveFormat | None:
    """The kind of archive that begins with these bytes, if it is one.

    Whether a zip archive is a document of an office program, its directory tells.
    """
    if head.startswith(_ZIP):
        return "zip"
    compression = detect_compression(head)
    if compression is None:
        return "tar" if _is_tar(head) else None
    return _COMPRESSED[compression] if _is_tar(_begin(head, compression)) else None


def _begin(head: bytes, compression: Compression) -> bytes:
    """The first bytes of the decompressed text."""
    begin = b""
    # Whoever reads the file says what is wrong with it.
    with suppress(Rejected):
        for piece in decompressed([head], compression, whole=False):
            begin += piece
            if len(begin) >= _HEADER:
                break
    return begin[:_HEADER]


def _is_tar(head: bytes) -> bool:
    if not head[_MAGIC_AT:].startswith(_MAGIC):
        return False
    try:
        # A text may have the word there, but not the checksum.
        tarfile.TarInfo.frombuf(head[:_HEADER], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
