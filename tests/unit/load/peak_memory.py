"""Print the peak memory, in bytes, of a process that encodes one adversarial file.

Run as `python -m tests.unit.load.peak_memory NAME FILE`, in a process of its own, because a
process never gives its peak back.
"""

import json
import re
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from functions.pipeline.load import encode_chunk, handler
from functions.pipeline.load.deps import Deps
from functions.pipeline.load.prefetch import prefetch
from functions.pipeline.load.settings import LoadSettings
from tests.unit.columns.contracts import column, contract
from waybill.contract.model import Contract
from waybill.database.chunks import ChunkId, Claim
from waybill.errors import Rejected
from waybill.records.sniffer import sniff_layout

MIB = 1024 * 1024
TEXTS = contract(column("a", "text"), column("b", "text"), header="absent", delimiter=",")
NUMBERS = contract(
    *(column(f"n{index}", "int4") for index in range(10)), header="absent", delimiter=","
)
REQUIRED = contract(column("a", "int8", nullable=False), column("b", "jsonb"))
WIDE = contract(*(column(f"c{index}", "text") for index in range(1600)), header="absent")
DOCUMENTS = contract(column("payload", "jsonb", nullable=False), document="payload")
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
        contract(column("a", "text"), column("b", "int4"), header="absent", delimiter=","),
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
        lambda: '{{"a": "🚚{}"}}\n'.format("x" * (8 * MIB)).encode(),
    ),
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
        byte_from=layout.data_offset,
        byte_to=size,
        first_line=layout.first_line,
        layout=layout,
        contract=things,
        stage_schema="staging",
        stage_table="t",
    )
    settings = LoadSettings(
        landing_bucket="b",
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
    print(json.dumps({**result, "peak": peak_bytes()}))  # noqa: T201


if __name__ == "__main__":
    main()
