"""Coverage-guided fuzzing of reading and checking, if atheris is installed.

`pip install atheris`, then `PYTHONPATH=.:layers/core/python python -m tests.fuzz [libFuzzer
options, e.g. -max_total_time=300]`. libFuzzer prints and saves a failing input; add it to the
test as an `@example`.
"""

import sys
from importlib import import_module
from typing import Any

try:
    # Not locked: it has no wheels for some platforms.
    atheris: Any = import_module("atheris")
except ImportError:
    sys.exit("atheris is not installed: pip install atheris")

with atheris.instrument_imports(include=["waybill"]):
    anything: Any = import_module("tests.fuzz.test_any_bytes")

test = anything.test_result_does_not_depend_on_blocks_and_chunks
atheris.Setup(sys.argv, test.hypothesis.fuzz_one_input)
atheris.Fuzz()
