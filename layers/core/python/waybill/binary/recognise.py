"""Recognise binary files by content."""

import re

from waybill.binary.task import BinaryFormat

# Signatures that are plain text must be followed by what no text file has.
_SIGNATURES: tuple[tuple[BinaryFormat, re.Pattern[bytes]], ...] = (
    ("parquet", re.compile(rb"PAR1([\x00-\x08\x0e-\x1f]|.{0,3}\x00\x00)", re.DOTALL)),
    ("arrow-file", re.compile(rb"ARROW1\x00\x00")),
    # Any document of Office: which kind it is, only its directory tells, at the end.
    (
        "xlsx",
        re.compile(
            rb"PK\x03\x04.{26}(\[Content_Types\]\.xml|(_rels|docProps|customXml|xl)[/\\])",
            re.DOTALL,
        ),
    ),
    ("arrow-stream", re.compile(rb"\xff{4}.{3}\x00[\x04-\xfc]\x00{3}", re.DOTALL)),
)


def binary_format(head: bytes) -> BinaryFormat | None:
    """The format of the file that begins with `head`; None if it is another kind of file."""
    return next((name for name, signature in _SIGNATURES if signature.match(head)), None)
