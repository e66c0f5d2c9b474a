"""The cost of adversarial input grows linearly, and its memory stays below a bound."""

import bz2
import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from backports import zstd

from waybill.records.layout import Layout
from waybill.records.reading import read_records

CSV = Layout(header=False, columns=("a", "b"), data_offset=0, first_line=1)
OBJECTS = CSV.model_copy(update={"file_format": "json-objects"})
ARRAY = CSV.model_copy(update={"file_format": "json-array"})
LINES = CSV.model_copy(update={"file_format": "json-lines"})
GZIP = CSV.model_copy(update={"compression": "gzip"})
BZIP2 = CSV.model_copy(update={"compression": "bzip2"})
ZSTD = CSV.model_copy(update={"compression": "zstd"})
BACKSLASHES = CSV.model_copy(update={"escape": "\\"})
CODES = CSV.model_copy(update={"quote": None, "escape": "\\", "escape_codes": True})
_BLOCK = 4 * 1024 * 1024

INPUTS: dict[str, tuple[Layout, Callable[[int], bytes]]] = {
    "empty gzip members": (GZIP, lambda n: gzip.compress(b"") * (n // 20)),
    "gzip members of one byte": (GZIP, lambda n: gzip.compress(b"x") * (n // 21)),
    "empty bzip2 streams": (BZIP2, lambda n: bz2.compress(b"") * (n // 14)),
    "bzip2 streams of one byte": (BZIP2, lambda n: bz2.compress(b"x") * (n // 37)),
    "empty zstd frames": (ZSTD, lambda n: zstd.compress(b"") * (n // 9)),
    "unclosed quote": (CSV, lambda n: b'"' + b"a\n" * (n // 2)),
    "unclosed quotes": (CSV, lambda n: (b'"' + b"a\n" * 9_999) * (n // 20_000)),
    "escaped quotes": (CSV, lambda n: b'"' + b'""' * (n // 2)),
    "odd quotes": (CSV, lambda n: b'a,"\nb",\n' * (n // 8)),
    "delimiters": (CSV, lambda n: b"," * n),
    "escapes": (BACKSLASHES, lambda n: b"\\" * n),
    "escaped quotes by escapes": (BACKSLASHES, lambda n: b'"' + b'\\"' * (n // 2)),
    "unclosed quotes after escapes": (BACKSLASHES, lambda n: b'\\"",\\\n' * (n // 6)),
    "escaped line endings": (CODES, lambda n: b"\\\r\n" * (n // 3)),
    "codes": (CODES, lambda n: b"\\n" * (n // 2)),
    "short lines of escapes": (CODES, lambda n: b"\\N,\\\\\n" * (n // 6)),
    "short lines": (CSV, lambda n: b",\n" * (n // 2)),
    "open brackets": (ARRAY, lambda n: b"[" * n + b"]" * n + b"]"),
    "backslashes": (OBJECTS, lambda n: b'{"' + b"\\\\" * (n // 2) + b'"}'),
    "empty objects": (OBJECTS, lambda n: b"{}" * (n // 2)),
    "one line": (LINES, lambda n: b"[" * n),
}


def read(name: str, size: int) -> float:
    """The CPU seconds that splitting takes."""
    layout, make = INPUTS[name]
    data = make(size)
    begin = time.process_time()
    blocks = (data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK))
    for block in read_records(blocks, layout, 1):
        assert block.record_count <= 32_768
    return time.process_time() - begin


@pytest.mark.parametrize("name", INPUTS)
def test_cost_grows_less_than_n_to_the_1_3(name: str) -> None:
    small = min(read(name, 250_000) for _ in range(3))
    large = read(name, 2_000_000)
    # A constant of 20 ms covers what does not depend on the size.
    assert large < 8**1.3 * (small + 0.02)


@pytest.mark.parametrize(
    "name",
    [
        "unclosed quote",
        "escaped quotes",
        "short lines",
        "one line",
        "escapes",
        "escaped quotes by escapes",
        "escaped line endings",
        "codes",
        "short lines of escapes",
    ],
)
def test_memory_of_splitting_is_bounded(name: str) -> None:
    code = (
        "import re\n"
        "from pathlib import Path\n"
        "from tests.unit.records.test_adversarial_input import read\n"
        f"read({name!r}, 1_000)\n"
        # `ru_maxrss` would begin with the parent's peak.
        "status = Path('/proc/self/status')\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1])\n"
        "before = peak()\n"
        f"read({name!r}, 15_000_000)\n"
        "print(peak() - before)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    # In KiB: the input itself, the record, its copies and the positions of one block.
    assert int(done.stdout) < 200_000
