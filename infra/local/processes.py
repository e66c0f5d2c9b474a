"""Processes of the stack, identified by process id and start time, since ids are reused."""

import time
from collections.abc import Callable
from contextlib import suppress

import psutil
from pydantic import BaseModel


class Process(BaseModel):
    """A process, in the form in which it is stored."""

    pid: int
    started: float
    """Seconds since 1970."""

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The running process `pid`."""
        return cls(pid=pid, started=psutil.Process(pid).create_time())

    def is_running(self) -> bool:
        """Whether this process still runs."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.pid)
            return found.create_time() == self.started and _runs(found)
        return False

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Terminate it and its children; kill what is left after the timeout."""
        if not self.is_running():
            return
        found = psutil.Process(self.pid)
        family = [found, *found.children(recursive=True)]
        with suppress(psutil.NoSuchProcess):
            found.terminate()
        wait_until(lambda: not _runs(found), timeout_seconds)
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        wait_until(lambda: not any(_runs(one) for one in family), 5)


def _runs(process: psutil.Process) -> bool:
    """Whether it runs. What has ended is a zombie until its parent, or process 1, has seen it."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def listener(port: int) -> str | None:
    """The process that listens on `port`, as text; None if it cannot be seen."""
    with suppress(psutil.AccessDenied):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,):
                return _describe(connection.pid)
    return None


def _describe(pid: int | None) -> str:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        if pid:
            return f"{psutil.Process(pid).name()} (process {pid})"
    return "another process"


def wait_until(ready: Callable[[], bool], timeout_seconds: float) -> bool:
    """Call `ready` every 20 ms until it returns True; False after the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
