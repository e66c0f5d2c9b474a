"""Coverage-guided fuzzing of the cutter and the checks, where atheris installs.

`pip install atheris`, then `PYTHONPATH=.:layers/core/python python -m tests.fuzz [libFuzzer's
options, e.g. -max_total_time=300]`. A byte string that breaks a rule is printed and kept by
libFuzzer; make it an `@example` of the test.
"""

import sys
from importlib import import_module
from typing import Any

try:
    # Not in the lock: it has no wheel for every platform.
    atheris: Any = import_module("atheris")
except ImportError:
    sys.exit("atheris is not installed: pip install atheris")

with atheris.instrument_imports(include=["waybill"]):
    anything: Any = import_module("tests.fuzz.test_any_bytes")

test = anything.test_nothing_crashes_and_blocks_and_chunks_do_not_matter
atheris.Setup(sys.argv, test.hypothesis.fuzz_one_input)
atheris.Fuzz()
