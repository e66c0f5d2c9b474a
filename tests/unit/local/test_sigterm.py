"""SIGTERM to `make test` leaves no process of a fixture."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from infra.bootstrap import ROOT

_TEST = """
import subprocess, pathlib, time, pytest

@pytest.fixture(scope="session")
def server():
    process = subprocess.Popen(["sleep", "600"])
    pathlib.Path("server.pid").write_text(str(process.pid))
    yield
    process.kill()
    process.wait()

def test_long(server):
    pathlib.Path("begun").touch()
    time.sleep(600)
"""


@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["one process", "shared"])
def test_servers_of_fixtures_end_with_the_tests(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "test_long.py").write_text(_TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.end_on_sigterm", *options]
    running = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists():
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        running.wait(60)
    finally:
        # Otherwise a later test would meet it.
        running.kill()
        running.wait()
    assert not psutil.pid_exists(int((tmp_path / "server.pid").read_text()))
