"""Binary files and archives of many shapes by name."""

import datetime as dt
import io
import tarfile
import zipfile
from decimal import Decimal

import pyarrow as pa

from tests.integration.infer.files import FILES
from tests.unit.binary.encode import ENCODERS, arrow_stream, parquet
from tests.unit.binary.workbooks import Raw, number, sheet_xml, workbook

_INSTANT = dt.datetime(2021, 7, 27, 16, 2, 8, 123456, tzinfo=dt.timezone(dt.timedelta(hours=2)))
_NAIVE = _INSTANT.replace(tzinfo=None, microsecond=5000)
TYPED = pa.table(
    {
        "Order ID": pa.array([1, 2, 2**40], pa.int64()),
        "tiny": pa.array([1, None, -128], pa.int8()),
        "unsigned": pa.array([0, 1, 2**64 - 1], pa.uint64()),
        "half": pa.array([0.5, None, float("nan")], pa.float64()),
        "single": pa.array([0.1, float("inf"), None], pa.float32()),
        "money": pa.array([Decimal("1.50"), Decimal("-99999999.99"), None], pa.decimal128(10, 2)),
        "wide": pa.array([Decimal(10) ** 60, None, Decimal(1)], pa.decimal256(76, 0)),
        "flag": pa.array([True, False, None]),
        "day": pa.array([dt.date(2020, 2, 29), None, dt.date(9999, 12, 31)]),
        "naive": pa.array(
            [_INSTANT.replace(tzinfo=None, microsecond=5000), None, None], pa.timestamp("ms")
        ),
        "instant": pa.array([_INSTANT, None, None], pa.timestamp("us", "+02:00")),
        "fine": pa.array([1, 2, 3], pa.timestamp("ns")),
        "clock": pa.array([dt.time(23, 59, 59), None, dt.time(0)], pa.time32("s")),
        "span": pa.array([dt.timedelta(days=40), None, dt.timedelta()], pa.duration("us")),
        "code": pa.array(["001", "002", "003"]),
        "digits": pa.array(["1", "2", ""]),
        "kind": pa.array(["a", "b", None]).dictionary_encode(),
        "raw": pa.array([b"\x00\xff", b"", None], pa.binary()),
        "uid": pa.array([bytes(16), None, bytes(range(16))], pa.uuid()),
        "tags": pa.array([["a", None], [], None], pa.list_(pa.string())),
        "shape": pa.array([{"x": 1, "y": [1.5]}, None, {"x": None, "y": None}]),
        "nothing": pa.nulls(3),
    }
)
ENUMERATED = pa.table({"id": range(20), "at": [f"2021-01-{n + 1:02}" for n in range(20)]})
_SHEET = sheet_xml(
    {
        1: {"A": "Orders of May"},
        3: {"A": "Order ID", "B": "when", "C": "seen", "D": "at", "E": "ok", "F": "net", "G": "x"},
        **{
            row: {
                "A": row,
                "B": number(str(44000 + row), 1),
                "C": number(str(44000 + row + (0.5 if row % 2 else 0)), 2),
                "D": number("0.25", 3),
                "E": row % 2 == 0,
                "F": row * 1.25,
                "G": ("a", "001")[row % 2],
            }
            for row in range(4, 30)
        },
    }
)
_FORMULAS = sheet_xml(
    {
        row: {"B": row, "C": Raw(f'<c r="{{}}" t="str"><f>A1</f><v>n{row}</v></c>')}
        for row in range(2, 15)
    }
)


def zip_of(**files: bytes) -> bytes:
    """A zip archive of these files, in a folder."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"folder/{name}", data)
    return sink.getvalue()


def tar_of(mode: str = "w:", **files: bytes) -> bytes:
    """A tar archive of these files."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


BINARY_FILES = {
    **{f"typed.{name}": encode(TYPED) for name, encode in ENCODERS.items() if name != "parquet"},
    "typed.parquet": parquet(TYPED, row_group_size=2),
    "empty.parquet": parquet(TYPED.slice(0, 0)),
    "empty.arrow": arrow_stream(TYPED.slice(0, 0)),
    "enumerated.parquet": parquet(ENUMERATED),
    "names.arrow": arrow_stream(pa.table({"ID": [1], "id": [2], "select": [3], "": [4]})),
    "titled.xlsx": workbook({"May": _SHEET, "June": _FORMULAS}),
    "no_header.xlsx": workbook({"Sheet 1": _FORMULAS}),
    "zipped.zip": zip_of(orders=FILES["orders.csv"]),
    "zipped_parquet.zip": zip_of(orders=parquet(ENUMERATED)),
    "tarred.tar.gz": tar_of("w:gz", list=FILES["list.json"]),
    "several.zip": zip_of(
        a=b"id,day,amount\n" + b"".join(b"%d,2021-07-27,%d\n" % (n, n) for n in range(12)),
        b=b"amount,id,day\n1.5,12,2021-07-28\n,13,2021-07-29\n",
    ),
    "tarred.tar": tar_of(typed=arrow_stream(ENUMERATED)),
}
