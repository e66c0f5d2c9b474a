import re
import subprocess
from shutil import which

from infra.bootstrap import ROOT

_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def test_help_lists_every_target() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    shown = subprocess.run(
        [str(which("make")), "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = {line.split()[0] for line in shown.splitlines()}
    assert listed == targets
    assert all(len(line.split()) > 2 for line in shown.splitlines())


def test_the_promised_targets_are_there() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    assert targets >= {
        "run", "up", "down", "restart", "status", "logs", "shell-db", "build", "synth", "test",
        "clean", "lock", "sample", "upload-departments", "upload-jobs", "upload-employees",
        "upload-all",
        "logs-api", "logs-worker", "shell-api", "test-local",
        "analytics-quarterly", "analytics-departments", "benchmark",
    }  # fmt: skip
