"""Files of unsupported kinds are refused by content, with their name and what to do."""

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile

import pyarrow as pa
import pytest
from backports import zstd
from pyarrow import feather, parquet

from tests.unit.columns.contracts import column, contract
from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.foreign import refuse_foreign
from waybill.records.sniffer import sniff_layout

WORDS = contract(column("code", "text"), column("label", "text"))
ABSENT = WORDS.model_copy(update={"header": "absent"})
CSV = b"code,label\nx,y\n"
TABLE = pa.table({"code": ["x"], "label": ["y"]})


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, CSV)
    return out.getvalue()


def written(kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "parquet":
        parquet.write_table(TABLE, out)
    elif kind == "tar":
        with tarfile.open(fileobj=out, mode="w") as archive:
            info = tarfile.TarInfo("a.csv")
            info.size = len(CSV)
            archive.addfile(info, io.BytesIO(CSV))
    elif kind == "feather":
        feather.write_feather(TABLE, out)
    else:
        with pa.ipc.new_stream(out, TABLE.schema) as stream:
            stream.write_table(TABLE)
    return out.getvalue()


@pytest.mark.parametrize("things", [WORDS, ABSENT])
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (gzip.compress(zipped("xl/workbook.xml")), "Excel workbook (xlsx) inside gzip"),
        (zipped("[Content_Types].xml", "word/document.xml"), "no workbook"),
        (zipped("data.csv"), "zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old or encrypted Office document"),
        (gzip.compress(written("parquet")), "Parquet file inside gzip"),
        (gzip.compress(written("feather")), "Arrow file inside gzip"),
        (gzip.compress(written("stream")), "Arrow file inside gzip"),
        (b"PARE\x15\x00", "encrypted Parquet"),
        (b"PARE\x80\x00\x00\x00", "encrypted Parquet"),
        (written("tar"), "tar archive"),
        (bz2.compress(bz2.compress(CSV)), "bzip2 file inside bzip2"),
        (lzma.compress(CSV), "xz"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7z"),
        (gzip.compress(gzip.compress(CSV)), "gzip file inside gzip"),
        (zstd.compress(gzip.compress(CSV)), "gzip file inside zstd"),
        (gzip.compress(written("tar")), "tar archive inside gzip"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "HTML"),
        ("\ufeff<html lang='en'>\n".encode(), "HTML"),
        ("<table><tr><td>code</td></tr></table>".encode("utf-16"), "HTML"),
        (b"<?xml version='1.0'?>\n<rows/>", "XML"),
        (b"<rows>\n <row code='x'/>\n</rows>", "XML"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (b"{\\rtf1\\ansi hello}", "RTF"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"GIF89a\x01\0\x01\0", "GIF"),
    ],
)
def test_the_kind_is_named(data: bytes, name: str, things: Contract) -> None:
    with pytest.raises(Rejected, match="unsupported-file") as refused:
        sniff_layout(data, things, whole=True)
    assert name in refused.value.detail


@pytest.mark.parametrize(
    "first", ["PAR1", "PK", "BM", "Obj", "ORC", "MZ", "<b>x</b>", "<none>", "II*", "Rar!", "GIF89a"]
)
def test_text_that_begins_like_a_signature_is_data(first: str) -> None:
    assert sniff_layout(f"{first},y\nz,y\n".encode(), ABSENT, whole=True).file_format == "csv"


@pytest.mark.parametrize(
    "head",
    [
        b"par1\tpar2\n1\t2\n",
        b"PAR1\r\nx\r\n",
        b"PARE\xc3\xa9\nx\n",
        b"orc,elf\n1,2\n",
        b"ORC\ttroll\n1\t2\n",
        b"mz,intensity\n1.5,2\n",
        b"MZ,x\0\0\n",
        b"RDX3\nX\n",
        b"pk\n1\n",
        b"bm\n1\n",
        b"<DATE>\t<OPEN>\n2024-01-02\t1\n",
        b"<TICKER>;<PER>\nAAPL;D\n",
        b"<none>\nx\n",
        b"Create table reservations\nfor two\n",
        b"insert into the slot\nx\n",
        b"-- no value\nx\n",
        b"%PDF files\n3\n",
    ],
)
def test_text_that_resembles_another_kind_is_not_refused(head: bytes) -> None:
    refuse_foreign(head)


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252", "cp037", "koi8_r", "utf-16-le"])
@pytest.mark.parametrize("first", ["\u20ac", "\xff\xd8\xffe", "ias", "\x80\x85", "kg"])
def test_text_in_a_legacy_encoding_is_not_refused(first: str, encoding: str) -> None:
    refuse_foreign(f"{first},label\nx,y\n".encode(encoding, "replace"))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [{"a": [1]}, [1, 2], (1, "a"), {"a": io.BytesIO(b"x")}])
def test_a_pickle_of_records_is_named(protocol: int, value: object) -> None:
    with pytest.raises(Rejected, match="Python pickle"):
        refuse_foreign(pickle.dumps(value, protocol=protocol))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"r\x01\x01\0\x03\0\x0a\0\0\0label", "Stata"),
        (b"s\x02\x01\0\0\x03\0\0\0\x0alabel", "Stata"),
        (b"<stata_dta><header>", "Stata"),
        (b"MZ\x90\0\x03\0\0\0\x04\0", "program"),
        (b"RDX3\nX\n\0\0\0\x03", "file of R"),
        (b"RDA3\nA\n3\n262657\n", "file of R"),
        (b"ORC\x1c\0\0\x0a", "ORC"),
        (b"INSERT INTO `t` VALUES (1);", "dump of SQL"),
        (b'create table "t" (id int);', "dump of SQL"),
        (b"DROP TABLE IF EXISTS t;\n", "dump of SQL"),
        (b"<Rows>\r\n\t<Row/>", "XML"),
    ],
)
def test_the_kind_is_named_by_its_first_bytes(data: bytes, name: str) -> None:
    with pytest.raises(Rejected, match=name):
        refuse_foreign(data)
