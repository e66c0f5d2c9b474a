"""Apply mutants one at a time to a copy of the tree and run the tests that must kill them."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Barrier, Thread
from typing import NamedTuple

from infra.bootstrap import ROOT
from tests.mutants.mutant import Mutant

# Also on a busy machine, where some of these tests are slow.
_LIMIT_SECONDS = 900
_LIMIT_SECONDS_OF_ALL = 3600
_TESTS_FAILED = 1
_FAILED = re.compile(r"^FAILED (.+?)(?: - (.*))?$", re.MULTILINE)
# The mutant is no valid code: that a test fails says nothing about what the test checks.
_INVALID = re.compile(
    r"\b(SyntaxError|NameError|UndefinedFunction|UndefinedColumn|UndefinedParameter)\b"
)


class Result(NamedTuple):
    """What the tests did with a mutant."""

    mutant: Mutant
    outcome: str
    """`killed`, `survived`, or `error`: the tests could not decide."""
    detail: str
    """The test that failed, or the output of pytest."""
    seconds: float


def run_mutants(mutants: Sequence[Mutant], workers: int) -> Iterator[Result]:
    """The result of each mutant, as it comes; every worker has a copy of the tree.

    Raises:
        AssertionError: tests fail without a mutant, where they could kill anything.
    """
    waiting = deque(mutants)
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    results: SimpleQueue[Result | BaseException] = SimpleQueue()

    def work(number: int) -> None:
        try:
            with copied_tree() as root:
                failures = failures_without_mutant(tests[number::workers], root)
                assert not failures, f"{failures}\nTests fail without a mutant."
                ready.wait()
                with suppress(IndexError):
                    while True:
                        results.put(run_mutant(waiting.popleft(), root))
        except BaseException as error:
            ready.abort()
            results.put(error)

    ready = Barrier(workers)
    for number in range(workers):
        Thread(target=work, args=(number,), daemon=True).start()
    for _ in mutants:
        result = results.get()
        if isinstance(result, BaseException):
            raise result
        yield result


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A copy of the working tree, for the packages of this interpreter."""
    listed = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    with tempfile.TemporaryDirectory(prefix="waybill-mutants-") as folder:
        root = Path(folder)
        for name in listed:
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        yield root


def run_mutant(mutant: Mutant, root: Path) -> Result:
    """Run the mutant's tests in the copy; afterwards the copy is as it was."""
    path = root / mutant.file
    original = path.read_bytes() if path.is_file() else None
    began = time.monotonic()
    try:
        mutant.apply(root)
        outcome, detail = _outcome(*_pytest(root, mutant.tests))
    except ValueError as error:
        outcome, detail = "error", str(error)
    finally:
        if original is not None:
            path.write_bytes(original)
    return Result(mutant, outcome, detail, time.monotonic() - began)


def failures_without_mutant(tests: Sequence[str], root: Path) -> str:
    """Pytest's output if a test fails on the code as it is, where it could kill anything."""
    if not tests:
        return ""
    code, output = _pytest(root, tests, _LIMIT_SECONDS_OF_ALL)
    return output if code else ""


def _outcome(code: int, output: str) -> tuple[str, str]:
    if code == 0:
        return "survived", ""
    found = _FAILED.search(output)
    # A failure while a test is set up means that the mutant breaks everything.
    if code != _TESTS_FAILED or found is None or _INVALID.search(found[2] or ""):
        return "error", output
    return "killed", found[1].partition("::")[2]


def _pytest(root: Path, tests: Sequence[str], seconds: float = _LIMIT_SECONDS) -> tuple[int, str]:
    """The status and the output of pytest; status -1 when its time was up."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short"]
    # What these tests do not need, and what takes seconds to import.
    command += ["-p", "no:cacheprovider", "-p", "no:schemathesis"]
    try:
        ended = subprocess.run(
            [*command, *tests],
            cwd=root,
            env={**os.environ, "COLUMNS": "300"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as expired:
        return -1, f"{expired}\n{expired.stdout!r}"
    return ended.returncode, ended.stdout
