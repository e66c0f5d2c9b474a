"""Coverage-guided fuzzing of the cutter and the checks, where atheris installs.

`pip install atheris`, then `PYTHONPATH=.:layers/core/python python -m tests.fuzz [libFuzzer's
options, e.g. -max_total_time=300]`. A byte string that breaks a rule is printed and kept by
libFuzzer; make it an `@example` of the test.
"""

import sys

try:
    import atheris  # type: ignore[import-not-found,unused-ignore] # not in the lock: no wheel for every platform
except ImportError:
    sys.exit("atheris is not installed: pip install atheris")

with atheris.instrument_imports(include=["waybill"]):
    from tests.fuzz.test_any_bytes import test_nothing_crashes_and_blocks_and_chunks_do_not_matter

one_input = test_nothing_crashes_and_blocks_and_chunks_do_not_matter.hypothesis.fuzz_one_input
atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
