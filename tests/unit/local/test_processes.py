import subprocess
import sys

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
