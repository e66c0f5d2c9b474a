"""Recognise binary files by content."""

import re
import struct

from waybill.archives.zip_archive import is_office_document
from waybill.binary.source import Source
from waybill.binary.task import BinaryFormat
from waybill.errors import Rejected

_OFFICE_PART = re.compile(
    rb"PK\x03\x04.{26}(\[Content_Types\]\.xml|(_rels|docProps|customXml|xl)[/\\])", re.DOTALL
)
# Signatures that are plain text must be followed by what no text file has.
_SIGNATURES: tuple[tuple[BinaryFormat, re.Pattern[bytes]], ...] = (
    ("parquet", re.compile(rb"PAR1([\x00-\x08\x0e-\x1f]|.{0,3}\x00\x00)", re.DOTALL)),
    ("arrow-file", re.compile(rb"ARROW1\x00\x00")),
    # Any document of Office, by the parts that most writers begin with.
    ("xlsx", _OFFICE_PART),
    ("arrow-stream", re.compile(rb"\xff{4}.{3}\x00[\x04-\xfc]\x00{3}", re.DOTALL)),
)
_ZIP = b"PK\x03\x04"
_OLD_HEAD, _MAX_ROOT, _SCHEMA = struct.Struct("<2I"), 64, b"\x01"


def binary_format(head: bytes, source: Source | None = None) -> BinaryFormat | None:
    """The format of the file that begins with `head`; None if it is another kind of file.

    With the whole file as the source, a document of Office is recognised by its directory too,
    whatever part it begins with.

    Raises:
        Rejected: `corrupt-file` or `too-many-members`, a zip archive whose directory is damaged.
        Retryable: the source cannot be read.
    """
    found = next((name for name, signature in _SIGNATURES if signature.match(head)), None)
    if found is None and source is not None and head.startswith(_ZIP):
        return "xlsx" if is_office_document(source) else None
    if found is None and _is_old_stream(head):
        return "arrow-stream"
    return found


def refuse_beginning(head: bytes) -> None:
    """Refuse the beginning of a file that can only be read as a whole.

    A zip archive whose first part tells nothing is a workbook if a later part in the head does.

    Raises:
        Rejected: `whole-file-needed`.
    """
    found = binary_format(head)
    if found is None and head.startswith(_ZIP) and _OFFICE_PART.search(head):
        found = "xlsx"
    if found is not None:
        raise Rejected("whole-file-needed", f"A file of this format is read as a whole ({found}).")


def _is_old_stream(head: bytes) -> bool:
    """Whether this is a stream as Arrow wrote it before 0.15: without a mark, from the schema on.

    It begins with the length of a message, a table of FlatBuffers whose second field is its kind.
    """
    if len(head) < _OLD_HEAD.size:
        return False
    length, root = _OLD_HEAD.unpack_from(head)
    table = 4 + root
    if length % 8 != 4 or root % 4 or not 4 <= root <= _MAX_ROOT or len(head) < table + 4:
        return False
    fields = table - int(struct.unpack_from("<i", head, table)[0])
    if not 8 <= fields <= table - 8:
        return False
    size, _, _, kind = struct.unpack_from("<4H", head, fields)
    return size >= 8 and head[table + kind : table + kind + 1] == _SCHEMA
