"""Processes of the stack: recognised by process id *and* start time, so never someone else's."""

import time
from collections.abc import Callable
from contextlib import suppress

import psutil
from pydantic import BaseModel


class Process(BaseModel):
    """A process as it is remembered on disk."""

    pid: int
    started: float
    """Seconds since 1970: a process id is given out again, with another start time."""

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The running process `pid`."""
        return cls(pid=pid, started=psutil.Process(pid).create_time())

    def alive(self) -> bool:
        """Whether this very process still runs."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.pid)
            return found.create_time() == self.started and found.status() != psutil.STATUS_ZOMBIE
        return False

    def end(self, patience_seconds: float = 15.0) -> None:
        """Ask it to stop, wait, then insist; its children go with it."""
        if not self.alive():
            return
        found = psutil.Process(self.pid)
        family = [found, *found.children(recursive=True)]
        with suppress(psutil.NoSuchProcess):
            found.terminate()
        _, stubborn = psutil.wait_procs(family[:1], timeout=patience_seconds)
        for one in [*stubborn, *family[1:]]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(family, timeout=5)


def listener(port: int) -> str | None:
    """What listens on `port` of this machine, as far as it may be seen; None when nothing does."""
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


def wait_until(ready: Callable[[], bool], patience_seconds: float) -> bool:
    """Call `ready` every 20 ms until it is true or the patience ends; gives its last answer."""
    deadline = time.monotonic() + patience_seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
