"""Recognise files of unsupported kinds by content, and say what to do with them."""

import re
from typing import NamedTuple

from waybill.errors import Rejected
from waybill.records.compression import Compression, detect_compression

_UNPACK = "Unpack it and upload the files in it; gzip, bzip2 and zstd need no unpacking."
_ARCHIVE = "An upload loads all files in it; here, send one of them."
_AS_CSV = "Save it as CSV and upload that."
_EXPORT = "Export its rows as CSV or JSON and upload those."
_AS_UTF8 = "Save it as UTF-8 and upload that."
_AS_XLSX = "Save it as xlsx, without a password, or as CSV, and upload that."
_ALONE = "Upload it without the compression around it."
_DECRYPT = "Decrypt it and upload that."
_NO_TABLE = "Upload the data as CSV or JSON."


class _Kind(NamedTuple):
    """A kind of file: how it begins, its name, and what to do."""

    signature: re.Pattern[bytes]
    name: str
    advice: str


def _kind(signature: bytes, name: str, advice: str) -> _Kind:
    return _Kind(re.compile(signature, re.DOTALL), name, advice)


# Signatures that are plain text must be followed by what no text file has: a NUL, or a control
# character that is no blank and no line ending.
_BINARY = (
    _kind(rb"\xff\xfe\x00\x00|\x00\x00\xfe\xff", "text in UTF-32", _AS_UTF8),
    _kind(rb"PK\x03\x04.{0,4000}xl/", "an Excel workbook (xlsx)", _ALONE),
    _kind(rb"PK\x03\x04.{0,4000}word/", "a Word document (docx)", _NO_TABLE),
    _kind(rb"PK\x03\x04.{0,4000}ppt/", "a PowerPoint presentation (pptx)", _NO_TABLE),
    _kind(rb"PK\x03\x04.{22,40}mimetypeapplication/vnd\.oasis", "an OpenDocument file", _AS_CSV),
    _kind(rb"PK\x03\x04.{0,4000}\[Content_Types\]\.xml", "an Office document", _AS_CSV),
    _kind(rb"PK(\x03\x04|\x05\x06)", "a zip archive", _ARCHIVE),
    _kind(rb"PK\x07\x08", "a part of a zip archive", _UNPACK),
    _kind(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or encrypted Office document", _AS_XLSX),
    _kind(rb"PARE([\x00-\x08\x0e-\x1f]|.{0,3}\x00\x00)", "an encrypted Parquet file", _DECRYPT),
    # Recognised before, unless they are compressed once more.
    _kind(rb"PAR1([\x00-\x08\x0e-\x1f]|.{0,3}\x00\x00)", "a Parquet file", _ALONE),
    _kind(rb"ARROW1\x00\x00|\xff{4}.{3}\x00[\x04-\xfc]\x00{3}", "an Arrow file", _ALONE),
    _kind(rb"FEA1.{0,16}\x00", "a Feather file", _EXPORT),
    _kind(rb"ORC.{0,32}[\x00-\x08\x0e-\x1f]", "an ORC file", _EXPORT),
    _kind(rb"Obj\x01", "an Avro file", _EXPORT),
    _kind(rb"SQLite format 3\x00", "an SQLite database", _EXPORT),
    _kind(rb"\x89HDF\r\n\x1a\n", "an HDF5 file", _EXPORT),
    _kind(rb"\x93NUMPY[\x01-\x03]", "a NumPy array", _EXPORT),
    _kind(
        rb"\x80([\x04\x05]\x95.{6}\x00\x00|[\x02\x03](.{0,64}q\x00|c[a-z_.]+\n))",
        "a Python pickle",
        _EXPORT,
    ),
    _kind(
        rb"RD[AX][23]\n(X\n\x00\x00|B\n.\x00|A\n[23]\n\d{5})|[XAB]\n\x00\x00\x00[\x02\x03]",
        "a file of R (rds, RData)",
        _EXPORT,
    ),
    _kind(rb"\$FL[23]@\(#\)", "an SPSS file", _EXPORT),
    _kind(rb"\x00{12}\xc2\xea\x81\x60\xb3\x14", "a SAS file", _EXPORT),
    _kind(
        rb"<stata_dta>|[\x69-\x73][\x01\x02]\x01\x00.{2}(\x00|.{3}\x00)", "a Stata file", _EXPORT
    ),
    _kind(rb"PGDMP\x01", "a PostgreSQL dump", _EXPORT),
    _kind(rb"\xfd7zXZ\x00", "an xz file", _UNPACK),
    _kind(rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    _kind(rb"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    _kind(rb"\x04\x22\x4d\x18", "an LZ4 file", _UNPACK),
    _kind(rb"\xff\x06\x00\x00sNaPpY", "a Snappy file", _UNPACK),
    _kind(
        rb"\x1f\x9d[\x09-\x10\x89-\x90]|\x1f\xa0[^\x09-\x0d\x20-\x7e]",
        "a compress (.Z) file",
        _UNPACK,
    ),
    _kind(rb"LZIP[\x00\x01]", "an lzip file", _UNPACK),
    _kind(rb"]\x00\x00[\x00-\xff]{2}\xff\xff", "an LZMA file", _UNPACK),
    _kind(rb"[^\x00]{1,100}\x00.{156,256}ustar", "a tar archive", _ARCHIVE),
    _kind(rb"%PDF-\d", "a PDF document", _NO_TABLE),
    _kind(rb"\{\\rtf", "an RTF document", _AS_CSV),
    _kind(rb"\x89PNG\r\n\x1a\n", "a PNG image", _NO_TABLE),
    _kind(rb"\xff\xd8\xff[\xc0-\xfe]", "a JPEG image", _NO_TABLE),
    _kind(rb"GIF8[79]a.{0,16}[\x00-\x08]", "a GIF image", _NO_TABLE),
    _kind(rb"II\*\x00|MM\x00\*", "a TIFF image", _NO_TABLE),
    _kind(rb"RIFF.{4}WEBP", "a WebP image", _NO_TABLE),
    _kind(rb"BM.{4}\x00\x00\x00\x00", "a BMP image", _NO_TABLE),
    _kind(rb"\x00\x00\x01\x00[\x01-\x20]\x00", "an icon", _NO_TABLE),
    _kind(rb"\x00\x00\x00.ftyp", "a media file", _NO_TABLE),
    _kind(rb"\x7fELF|MZ.[\x00\x01].{0,60}\x00\x00", "a program", _NO_TABLE),
)
_SQL = (
    _kind(
        rb"(?i)(\s*(--|/\*)[^\n]*\n)*\s*(--|/\*!?)[^\n]*(dump|phpMyAdmin|HeidiSQL)",
        "a dump of SQL",
        _EXPORT,
    ),
    _kind(
        rb"(?i)\s*(INSERT\s+INTO\s+[\w`\"\[\].]+\s*(\(|VALUES|SELECT)"
        rb"|CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?[\w`\"\[\].]+\s*\("
        rb"|DROP\s+TABLE\s+(IF\s+EXISTS\s+)?[\w`\"\[\].]+\s*;)",
        "a dump of SQL",
        _EXPORT,
    ),
)
_MARKUP = (
    _kind(
        rb"(?i)\s*(<!--.{0,4000}?-->\s*)*<!doctype\s+html|\s*<html[\s>]", "an HTML page", _AS_CSV
    ),
    _kind(rb"(?i)\s*<(head|body|table|div|script|meta)(>|\s[^\t]*>)", "an HTML page", _AS_CSV),
    _kind(rb"\s*<\?xml[\s?]", "an XML document", _EXPORT),
    _kind(rb"(?i)\s*<!doctype\s|\s*<!--", "an XML document", _EXPORT),
    # An element that another follows, also on the next line. Headers such as `<DATE>` are separated
    # by a delimiter.
    _kind(
        rb"(?i)\s*<[a-z_][\w:.-]*(\s[^<>]*)?/?> *([\r\n]\s*)?<[a-z_/!?]", "an XML document", _EXPORT
    ),
)


def refuse_foreign(head: bytes, inside: Compression | None = None) -> None:
    """Refuse a file whose content is of an unsupported kind.

    `inside` is the compression from which the head was decompressed.

    Raises:
        Rejected: `unsupported-file`.
    """
    compression = detect_compression(head) if inside else None
    if compression:
        raise _refusal(f"a {compression} file", _UNPACK, inside)
    for kind in _BINARY + _MARKUP + _SQL:
        if kind.signature.match(head):
            raise _refusal(kind.name, kind.advice, inside)


def _refusal(name: str, advice: str, inside: Compression | None) -> Rejected:
    where = f"{name} inside {inside}" if inside else name
    return Rejected("unsupported-file", f"The file is {where}. {advice}")
