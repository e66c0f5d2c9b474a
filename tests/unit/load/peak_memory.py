"""Print the peak memory, in bytes, of a process that encodes one adversarial file.

Run as `python -m tests.unit.load.peak_memory NAME FILE`, in a process of its own, because a
process never gives its peak back.
"""

import bz2
import gzip
import json
import random
import re
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from backports import zstd

from functions.pipeline.load import encode_chunk, handler
from functions.pipeline.load.deps import Deps
from functions.pipeline.load.prefetch import prefetch
from functions.pipeline.load.settings import LoadSettings
from tests.unit.columns.contracts import column, contract
from waybill.contract.model import Contract
from waybill.database.chunks import ChunkId
from waybill.database.claims import Claim
from waybill.errors import Rejected
from waybill.records.sniffer import sniff_layout

MIB = 1024 * 1024
TEXTS = contract(column("a", "text"), column("b", "text"), header="absent", delimiter=",")
TEXT_AND_NUMBER = contract(column("a", "text"), column("b", "int4"), header="absent", delimiter=",")
ESCAPES = TEXTS.model_copy(update={"escape": "\\", "escape_codes": True})
ESCAPED_NUMBER = TEXT_AND_NUMBER.model_copy(update={"escape": "\\", "escape_codes": True})
IN_QUOTES = TEXTS.model_copy(update={"escape": "\\"})
NUMBER_IN_QUOTES = TEXT_AND_NUMBER.model_copy(update={"escape": "\\"})
NUMBERS = contract(
    *(column(f"n{index}", "int4") for index in range(10)), header="absent", delimiter=","
)
REQUIRED = contract(column("a", "int8", nullable=False), column("b", "jsonb"))
WIDE = contract(*(column(f"c{index}", "text") for index in range(1600)), header="absent")
DOCUMENTS = contract(column("payload", "jsonb", nullable=False), document="payload")


def _zstd(window_log: int, end: bytes = b"") -> bytes:
    """More data than the window, which a decoder must keep, and then `end`."""
    # Repeated within the window, so that the file is small; not so often that it is refused.
    lines = random.Random(1).randbytes(2 * MIB).hex(",", 8).replace(",", ",x\n").encode() + b",x\n"
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: 1,
        zstd.CompressionParameter.window_log: window_log,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    compressor = zstd.ZstdCompressor(options=options)
    parts = [compressor.compress(lines) for _ in range(180 * MIB // len(lines))]
    return b"".join([*parts, compressor.compress(end), compressor.flush()])


CORPUS: dict[str, tuple[Contract, Callable[[], bytes]]] = {
    "valid rows": (TEXTS, lambda: b"1234567890,abcdefghij\n" * (8 * MIB // 22)),
    "two columns too short": (TEXTS, lambda: b",\n" * (2 * MIB)),
    "too few fields": (TEXTS, lambda: b"x\n" * (2 * MIB)),
    "unclosed quote before short lines": (TEXTS, lambda: b'"' + b"a\n" * (3 * MIB)),
    "unclosed quote before valid lines": (TEXTS, lambda: b'"' + b",\n" * (3 * MIB)),
    "only quotes": (TEXTS, lambda: b'"\n' * (2 * MIB)),
    "one long field": (TEXTS, lambda: b"x" * (16 * MIB - 2) + b",\n"),
    "one long invalid field": (NUMBERS, lambda: b"x" * (16 * MIB - 20) + b"," * 9 + b"\n"),
    "one long field of control characters": (
        TEXT_AND_NUMBER,
        lambda: b"\x01" * (16 * MIB - 20) + b",x\n",
    ),
    "every value invalid": (NUMBERS, lambda: b"x,x,x,x,x,x,x,x,x,x\n" * (3 * MIB // 20)),
    "many empty columns": (WIDE, lambda: (b"x" + b"," * 1599 + b"\n") * 600),
    "empty objects of many columns": (WIDE, lambda: b"{}\n" * 2000),
    "empty objects": (REQUIRED, lambda: b"{}\n" * 100_000),
    "array of numbers": (
        contract(column("a", "int8", nullable=False), column("b", "jsonb"), file_format="json"),
        lambda: b"[" + b"1," * MIB + b"1]",
    ),
    "long list in one record": (
        REQUIRED,
        lambda: b'{"a": 1, "b": [' + b"1," * (7 * MIB) + b"1]}\n",
    ),
    "long object in one record": (
        REQUIRED,
        lambda: b'{"a":1,"b":{' + b",".join(b'"%d":1' % n for n in range(10**6)) + b"}}\n",
    ),
    "long list in a document": (DOCUMENTS, lambda: b'{"b": [' + b"1," * (7 * MIB) + b"1]}\n"),
    "long text with a wide character": (
        contract(column("a", "text"), column("b", "text"), file_format="json"),
        lambda: '{{"a": "🚚{}"}}\n'.format("x" * (16 * MIB - 40)).encode(),
    ),
    "long text with a wide character and escapes": (
        contract(column("a", "text"), column("b", "text"), file_format="json"),
        lambda: '{{"a": "🚚{}"}}\n'.format(r"\u0041" * (16 * MIB // 6 - 9)).encode(),
    ),
    "long list with a wide character": (
        contract(column("a", "_text"), column("b", "jsonb"), file_format="json"),
        lambda: '{{"a": ["🚚{}"]}}\n'.format("x" * (16 * MIB - 60)).encode(),
    ),
    "long jsonb with a wide character": (
        contract(column("a", "text"), column("b", "jsonb"), file_format="json"),
        lambda: '{{"b": {{"c": "🚚{}"}}}}\n'.format("x" * (16 * MIB - 60)).encode(),
    ),
    "long wide text in a number": (
        contract(column("a", "int4"), column("b", "text"), file_format="json"),
        lambda: '{{"a": "🚚{}"}}\n'.format("x" * (16 * MIB - 60)).encode(),
    ),
    "long jsonb field of a CSV with a wide character": (
        contract(column("a", "text"), column("b", "jsonb"), header="absent", delimiter=","),
        lambda: 'x,"""🚚{}"""\n'.format("x" * (16 * MIB - 60)).encode(),
    ),
    "long field of quotes": (TEXTS, lambda: b'"' + b'""' * (8 * MIB - 9) + b'",x\n'),
    "fields of quotes": (TEXTS, lambda: (b'"' + b'""' * 500 + b'",""""\n') * 8000),
    "long field of escapes": (ESCAPES, lambda: b"\\\\" * (8 * MIB - 9) + b",x\n"),
    "long quoted field of escapes": (ESCAPES, lambda: b'"' + b'\\"' * (8 * MIB - 9) + b'",x\n'),
    "long field of escaped line endings": (ESCAPES, lambda: b"\\\n" * (8 * MIB - 9) + b",x\n"),
    "long invalid field of escaped control characters": (
        ESCAPED_NUMBER,
        lambda: b"\\b" * (8 * MIB - 20) + b",x\n",
    ),
    "fields of escapes": (ESCAPES, lambda: (b"\\\\" * 500 + b",\\\n\n") * 8000),
    "long field of escaped quotes in quotes": (
        IN_QUOTES,
        lambda: b'"' + b'\\"' * (8 * MIB - 9) + b'",x\n',
    ),
    "long field of escapes beside quotes": (
        IN_QUOTES,
        lambda: b'"\\"",x\n' + b"\\\\" * (8 * MIB - 9) + b",x\n",
    ),
    "long field of escaped quotes without quotes": (
        IN_QUOTES,
        lambda: b'\\"' * (8 * MIB - 9) + b",x\n",
    ),
    "long invalid field of escapes in quotes": (
        NUMBER_IN_QUOTES,
        lambda: b'\\,"' + b"\\\\" * (8 * MIB - 9) + b'"\n',
    ),
    "fields of escapes in and beside quotes": (
        IN_QUOTES,
        lambda: (b"\\\\" * 500 + b',"\\\\"\n') * 8000,
    ),
    "only delimiters": (TEXTS, lambda: b",\n" * (25 * MIB)),
    "only delimiters and a value": (NUMBERS, lambda: b"1,,,,,,,,,\n" * (2 * MIB)),
    "every second record invalid": (
        NUMBERS,
        lambda: (b"1,2,3,4,5,6,7,8,9,10\n" + b"1,2,3,4,5,6,7,8,9,x\n") * 200_000,
    ),
    "UTF-16 of surrogate pairs": (
        TEXTS,
        lambda: ("\ufeff" + "🚚,🚚\n" * (2 * MIB)).encode("utf-16-le"),
    ),
    "UTF-16 of lone surrogates": (
        TEXTS,
        lambda: b"\xff\xfe" + ("\ud83d,x\n" * (2 * MIB)).encode("utf-16-le", "surrogatepass"),
    ),
    "one long UTF-16 field": (
        TEXTS,
        lambda: ("\ufeffa,b\n" + "語" * (5 * MIB) + ",x\n").encode("utf-16-le"),
    ),
    "zstd with a window of 128 MiB": (TEXTS, lambda: _zstd(27)),
    "zstd with a window of 8 MiB": (TEXTS, lambda: _zstd(23)),
    "zstd with a window of 8 MiB and a long record": (
        TEXT_AND_NUMBER,
        lambda: _zstd(23, b"\x01" * (16 * MIB - 20) + b",x\n"),
    ),
    "gzip of many members": (TEXTS, lambda: gzip.compress(b"abc,def\n" * 200) * 5000),
    "gzip of empty members": (
        TEXTS,
        lambda: gzip.compress(b"") * 200_000 + gzip.compress(b"abc,def\n"),
    ),
    "bzip2 bomb": (TEXTS, lambda: bz2.compress(b"x," + b"y" * (64 * MIB))),
    "gzip bomb": (TEXTS, lambda: gzip.compress(b"x," + b"y" * (64 * MIB))),
    "deep nesting": (DOCUMENTS, lambda: b'{"a":' + b"[" * (15 * MIB) + b"\n"),
    "many brackets in a text": (DOCUMENTS, lambda: b'{"a":"' + b"[" * (MIB - 9) + b'"}\n'),
    "many unknown fields": (
        REQUIRED,
        lambda: b"{" + b",".join(b'"x%d":1' % n for n in range(10**6)) + b"}\n",
    ),
}


class _Client:
    """An S3 client whose only object is a local file, read to its end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_object(self, **parameters: Any) -> dict[str, Any]:
        first, _ = parameters["Range"].removeprefix("bytes=").split("-")
        body = self._path.open("rb")
        body.seek(int(first))
        return {"Body": body}


def encode(things: Contract, path: Path) -> tuple[int, int]:
    """Encode the file as the load step does; the numbers of records read and rejected."""
    size = path.stat().st_size
    with path.open("rb") as file:
        layout = sniff_layout(file.read(MIB), things, whole=size <= MIB)
    claim = Claim(
        bucket="b",
        key="k",
        version_id=None,
        etag='"e"',
        size_bytes=size,
        byte_from=0 if layout.is_stream else layout.data_offset,
        byte_to=size,
        first_line=layout.first_line,
        layout=layout,
        contract=things,
        stage_schema="staging",
        stage_table="t",
    )
    settings = LoadSettings(
        landing_bucket="b",
        state_bucket="s",
        database_host="h",
        database_user="u",
        chunks_queue_url="c",
        merges_queue_url="m",
    )
    deps = Deps(cast(Any, None), cast(Any, _Client(path)), settings)
    encoder = encode_chunk.ChunkEncoder(deps, ChunkId(UUID(int=1), 1), claim)
    read = rejected = 0
    with closing(prefetch(encoder.blocks(), 2, 600)) as blocks:
        for block in blocks:
            read += block.read
            rejected += block.rejected
    return read, rejected


def peak_bytes() -> int:
    """Peak resident memory of this program; `ru_maxrss` would begin with the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


def main() -> None:
    assert handler.__name__ in sys.modules
    name, path = sys.argv[1:]
    result: dict[str, object] = {}
    try:
        result["read"], result["rejected"] = encode(CORPUS[name][0], Path(path))
    except Rejected as error:
        result["refused"] = error.code
    result |= {"peak": peak_bytes(), "cpu_seconds": round(time.process_time(), 2)}
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    main()
