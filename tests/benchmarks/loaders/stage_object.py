"""Plan and stage one object: `stage_object.py PORT DATABASE CASE [FILE]`.

The object is generated as it is read. What was staged is removed after each chunk, so that one
larger than the disk can be staged.
Nothing is merged. Writes seconds, CPU and the peak of this process's memory as JSON.
"""

import io
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.load_contenders import CHUNK_BYTES, DiskS3
from tests.postgres.databases import Database
from tests.stateful.fake_cloud import LANDING, FakeCloud

_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_LINE = "{n:08},Marcelo Gonzalez,2021-07-27T16:02:08Z,{d},{j}\n"
_VALID = "".join(_LINE.format(n=n, d=1 + n % 12, j=1 + n % 183) for n in range(20_000)).encode()
_INVALID = _VALID.replace(b"2021-07-27T", b"2021-13-45T")
_QUOTED = _VALID.replace(b"2,Marcelo Gonzalez,", b'2,"Marcelo\n""M.""\r\nGonzalez",')


@dataclass(frozen=True)
class Generated:
    """Lines again and again, with others before them."""

    lines: bytes
    size: int
    first: bytes = b""

    def read(self, begin: int, end: int) -> bytes:
        """The bytes from `begin` to `end`."""
        parts, place = [], begin
        while place < end:
            if place < len(self.first):
                part = self.first[place:end]
            else:
                within = (place - len(self.first)) % len(self.lines)
                part = self.lines[within : within + end - place]
            parts.append(part)
            place += len(part)
        return b"".join(parts)


def _of(size: int, lines: bytes = _VALID, first: bytes = b"") -> Generated:
    whole = max(1, (size - len(first)) // len(lines))
    return Generated(lines, len(first) + whole * len(lines), first)


def _with_long_field(size: int) -> Generated:
    return _of(size, first=_VALID + b"1," + b"x" * (10 * _MIB) + b",2021-07-27T16:02:08Z,1,1\n")


# Made when they are needed: the memory of a process that loads something else is measured, too.
CASES: Mapping[str, Callable[[], Generated]] = {
    "50 MB": lambda: _of(50 * _MIB),
    "1 GB": lambda: _of(_GIB),
    "10 GB": lambda: _of(10 * _GIB),
    "a field of 10 MB in 64 MB": lambda: _with_long_field(64 * _MIB),
    "64 MB, every record bad": lambda: _of(64 * _MIB, _INVALID),
    "1 GB in gzip": lambda: _of(_GIB),
    "1 GB in zstd": lambda: _of(_GIB),
}

GENERATED: Mapping[str, Callable[[], Generated]] = {
    **CASES,
    "50 MB, quoted": lambda: _of(50 * _MIB, _QUOTED),
    "1 GB, quoted": lambda: _of(_GIB, _QUOTED),
}


@dataclass
class GeneratedS3(DiskS3):
    """Objects that are generated as they are read."""

    generated: dict[str, Generated] = field(default_factory=dict)

    def get_object(self, **call: Any) -> dict[str, Any]:
        if call["Key"] not in self.generated:
            return super().get_object(**call)
        first, last = call["Range"].removeprefix("bytes=").split("-")
        return {
            "Body": _Body(self.generated[call["Key"]], int(first), int(last) + 1),
            "ETag": '"file"',
        }

    def head_object(self, **call: Any) -> dict[str, Any]:
        if call["Key"] not in self.generated:
            return super().head_object(**call)
        size = self.generated[call["Key"]].size
        return {"ETag": '"file"', "ContentLength": size, "VersionId": "v1"}


class _Body(io.RawIOBase):
    def __init__(self, generated: Generated, place: int, end: int) -> None:
        self._generated, self._place = generated, place
        self._end = min(end, generated.size)

    def read(self, size: int = -1) -> bytes:
        end = self._end if size < 0 else min(self._end, self._place + size)
        found = self._generated.read(self._place, end)
        self._place = end
        return found


def _stage(cloud: FakeCloud, admin: Any) -> int:
    """Every chunk, one after another; how many records were read."""
    cloud.deliver("landed", 0)
    records = 0
    while cloud.queues["chunks"]:
        cloud.deliver("chunks", 0)
        admin.execute("SET ROLE waybill_owner")
        for (stage,) in admin.execute(
            "SELECT format('staging.%I', relname) FROM pg_class"
            " WHERE relnamespace = 'staging'::regnamespace AND relname LIKE 's\\_%'"
        ).fetchall():
            admin.execute(f"TRUNCATE {stage}".encode())
        admin.execute("TRUNCATE waybill.validation_errors")
        (records,) = admin.execute("SELECT sum(read)::bigint FROM waybill.chunks").fetchone()
    return records


def peak_megabytes() -> int:
    """Of this process, so far."""
    # `ru_maxrss` would begin with the parent's peak.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


def main() -> None:
    """Stage the object of the case; FILE is its content where that is compressed."""
    port, name, case, *file = sys.argv[1:]
    s3, database = GeneratedS3(), Database(int(port), name)
    cloud = FakeCloud(database, pytest.MonkeyPatch(), s3)
    cloud.open(chunk_bytes=CHUNK_BYTES)
    key = "landing/simple_hires/1.csv"
    s3.put_object(Bucket=LANDING, Key=key, Body=b"")
    if file:
        s3.files[key] = Path(file[0])
    else:
        s3.generated[key] = CASES[case]()
    cloud.emit_event(key, 1)
    before = peak_megabytes()
    begun, cpu = time.perf_counter(), time.process_time()
    with database.connect() as admin:
        records = _stage(cloud, admin)
        if not records:
            raise RuntimeError("nothing was staged")
    run = {
        "records": records,
        "bytes": CASES[case]().size,
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "before_megabytes": before,
        "peak_megabytes": peak_megabytes(),
    }
    sys.stdout.write("\n" + json.dumps(run))


if __name__ == "__main__":
    main()
