import subprocess
import sys
from collections.abc import Callable

import psutil
import pytest

from infra.local import processes
from infra.local.processes import Process, wait_until


def test_a_process_is_identified_by_its_start_time_too() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = Process.of(child.pid)
        assert process.is_running()
        assert not process.model_copy(update={"started": process.started - 1}).is_running()
        process.stop()
        assert not process.is_running()
        process.stop()


def test_children_are_terminated_with_the_process() -> None:
    script = (
        "import subprocess, sys; "
        "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "print(c.pid, flush=True); c.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = Process.of(int(parent.stdout.readline()))
        Process.of(parent.pid).stop()
        assert wait_until(lambda: not child.is_running(), 5)


def test_waiting_times_out() -> None:
    assert not wait_until(lambda: False, 0.05)


def test_what_has_ended_is_not_waited_for_until_its_parent_sees_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[bool] = []

    def wait(ready: Callable[[], bool], timeout_seconds: float) -> bool:
        ended.append(wait_until(ready, timeout_seconds))
        return ended[-1]

    monkeypatch.setattr(processes, "wait_until", wait)
    script = "import time; print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        Process.of(child.pid).stop(timeout_seconds=5)
        assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert ended == [True, True]
