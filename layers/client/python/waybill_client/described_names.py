"""The part of a binary file that has the names of its columns.

The client reads no Parquet, Arrow or Excel. That a name occurs where such a file describes itself
is enough to suggest a dataset; what the file means, the service decides.
"""

import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

_READ_BYTES = 1 << 16
_STRINGS = "xl/sharedStrings.xml"


def described_names(file: Path) -> bytes:
    """The part, in lower case; empty for another kind of file."""
    with file.open("rb") as source:
        head = source.read(_READ_BYTES)
        if head.startswith((b"ARROW1\0\0", b"\xff\xff\xff\xff")):
            return head.lower()
        if head.startswith(b"PAR1") and b"\0" in head:
            source.seek(max(file.stat().st_size - _READ_BYTES, 0))
            return source.read().lower()
    return _sheet(file) if head.startswith(b"PK\x03\x04") else b""


def _sheet(file: Path) -> bytes:
    """The beginning of the strings and of the first sheet of a workbook."""
    found = b""
    # A damaged archive: the service says why it cannot be read.
    errors = (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError)
    with suppress(*errors), zipfile.ZipFile(file) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        for name in [*sheets[:1], *({_STRINGS} & set(archive.namelist()))]:
            with archive.open(name) as member:
                found += member.read(_READ_BYTES)
    return found.lower()
