"""Peak memory of a loader that reads files of gigabytes: a JSON array, and Parquet.

    python -m tests.benchmarks.large_files [--gigabytes 2] [--keep]

What is measured is the read path of a loader in a process of its own: ranges of the file, records,
checks, and rows encoded for COPY, of the whole file as one chunk; with Parquet also the process
that decodes it. `--keep` puts the table into the manual.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from functions.pipeline.load import encode_chunk
from functions.pipeline.load.deps import Deps
from functions.pipeline.load.prefetch import prefetch
from functions.pipeline.load.settings import LoadSettings
from tests.benchmarks.kept import machine, machine_line, table, write_part
from tests.benchmarks.measure import say
from tests.unit.columns.contracts import column, contract
from waybill.binary.layout import binary_layout
from waybill.binary.recognise import binary_format
from waybill.binary.source import FileSource
from waybill.database.chunks import ChunkId
from waybill.database.claims import Claim
from waybill.records.sniffer import sniff_layout

_MIB = 1024 * 1024
_ROWS = 100_000
_HEADER = (
    *("file", "GB", "records", "rejected"),
    *("loader MB", "decoder MB", "together MB", "seconds"),
)
_THINGS = contract(
    column("id", "int8"), column("at", "timestamptz"), column("size", "float8"),
    column("name", "text"), column("extra", "jsonb"),
)  # fmt: skip


def _rows(first: int) -> list[dict[str, Any]]:
    return [
        {"id": number, "at": f"2021-07-{number % 28 + 1:02}T16:02:08.{number % 1000:03}Z",
         "size": number / 7, "name": f"name {number} " * 6, "extra": {"part": [number, None]}}
        for number in range(first, first + _ROWS)
    ]  # fmt: skip


def _write_json(path: Path, size: int) -> None:
    """An array of objects: the same hundred thousand again and again."""
    records = ",\n".join(map(json.dumps, _rows(0))).encode()
    with path.open("wb") as file:
        file.write(b"[")
        while file.tell() < size:
            file.write(records + (b",\n" if file.tell() + len(records) < size else b"]\n"))


def _write_parquet(path: Path, size: int) -> None:
    """Row groups of a million records without compression, as pyarrow writes them by default."""
    rng = np.random.default_rng(1)
    texts = pa.array([row["name"] for row in _rows(0)])
    with path.open("wb") as file:
        writer: pq.ParquetWriter | None = None
        while file.tell() < size:
            order = rng.integers(0, _ROWS, 10 * _ROWS)
            table = pa.table({
                "id": pa.array(rng.integers(0, 2**62, len(order))),
                "at": pa.array(rng.integers(0, 2**50, len(order)), pa.timestamp("us", "UTC")),
                "size": rng.random(len(order)),
                "name": texts.take(pa.array(order)),
                "extra": pa.nulls(len(order), pa.string()),
            })  # fmt: skip
            writer = writer or pq.ParquetWriter(
                file, table.schema, compression="none", use_dictionary=False
            )
            writer.write_table(table)
        if writer:
            writer.close()


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "JSON array": _write_json,
    "Parquet": _write_parquet,
}


class _Body:
    """A range of a file."""

    def __init__(self, path: Path, begin: int, end: int) -> None:
        self._file = path.open("rb")
        self._file.seek(begin)
        self._end = end

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, self._end - self._file.tell()))

    def close(self) -> None:
        self._file.close()


class _Client:
    """An S3 client whose only object is a local file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_object(self, **parameters: Any) -> dict[str, Any]:
        first, last = parameters["Range"].removeprefix("bytes=").split("-")
        return {"Body": _Body(self._path, int(first), int(last) + 1)}


def _claim(path: Path) -> Claim:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_MIB)
        if file_format := binary_format(head):
            layout = binary_layout(FileSource(file.fileno()), file_format, _THINGS)
        else:
            layout = sniff_layout(head, _THINGS, whole=False)
    return Claim(
        bucket="b", key="k", version_id=None, etag='"e"', size_bytes=size,
        byte_from=layout.data_offset, byte_to=size, first_line=layout.first_line, layout=layout,
        contract=_THINGS, stage_schema="staging", stage_table="t",
    )  # fmt: skip


def encode(path: Path) -> dict[str, int]:
    """Encode the file as a loader does; the numbers of records read and rejected."""
    settings = LoadSettings(
        landing_bucket="b", state_bucket="s", database_host="h", database_user="u",
        chunks_queue_url="c", merges_queue_url="m",
    )  # fmt: skip
    deps = Deps(cast(Any, None), cast(Any, _Client(path)), settings)
    encoder = encode_chunk.ChunkEncoder(deps, ChunkId(UUID(int=1), 1), _claim(path))
    counts = {"read": 0, "rejected": 0}
    with closing(prefetch(encoder.blocks(), 2, 600)) as blocks:
        for block in blocks:
            counts["read"] += block.read
            counts["rejected"] += block.rejected
    return counts


def _peak(process: psutil.Process) -> int:
    """Peak resident memory so far; `ru_maxrss` would begin with the parent's."""
    status = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    found = [line.split()[1] for line in status if line.startswith("VmHWM")]
    return int(found[0]) * 1024 if found else 0


def measure(name: str, path: Path) -> list[str]:
    """A line of the table."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "tests.benchmarks.large_files", "--encode", str(path)]
    loader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    process = psutil.Process(loader.pid)
    own = others = 0
    while loader.poll() is None:
        try:
            own = max(own, _peak(process))
            others = max(others, *(_peak(child) for child in process.children()), 0)
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            continue
        time.sleep(0.1)
    output, _ = loader.communicate()
    if loader.returncode:
        raise SystemExit(f"{name}: the loader ended with {loader.returncode}")
    counts = json.loads(output)
    seconds = time.perf_counter() - started
    return [
        name,
        f"{path.stat().st_size / 1e9:.2f}",
        f"{counts['read']:,}",
        f"{counts['rejected']:,}",
        *(f"{peak / 1e6:.0f}" for peak in (own, others, own + others)),
        f"{seconds:.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--encode", type=Path)
    arguments = parser.parse_args()
    if arguments.encode:
        return say(json.dumps(encode(arguments.encode)))
    lines = []
    for name, write in WRITERS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            write(path, int(arguments.gigabytes * 1e9))
            lines.append(measure(name, path))
            say(" | ".join(lines[-1]))
    if arguments.keep:
        write_part("large_files", f"{machine_line(machine())}\n\n{table(_HEADER, lines)}")
    return None


if __name__ == "__main__":
    main()
