"""Kills or suspends the process that handles a message, at any call to PostgreSQL or AWS.

A process is a thread here. Every round trip to PostgreSQL and every call to AWS is a boundary:
before it, or after it took effect unseen. A killed process makes no further
call, clean-up included, and its connections are cut. A suspended one keeps them, with their
locks, until it is resumed or killed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

_PATIENCE_SECONDS = 120.0


class Killed(BaseException):
    """The process is gone; nothing of it runs any more."""


@dataclass
class Fault:
    """What happens at a call, counted from 0."""

    call: int
    unseen: bool
    """After the call took effect rather than before it."""
    suspends: bool = False


@dataclass
class Process:
    """One invocation of a step."""

    fault: Fault | None = None
    calls: int = 0
    dead: bool = False
    failed: BaseException | None = None
    connections: set[psycopg.Connection[Any]] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set when it has ended or is suspended."""
    ended: bool = False
    _resumed: threading.Event = field(default_factory=threading.Event)

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` until it ends or suspends."""
        threading.Thread(target=self._run, args=(work,), daemon=True).start()
        self._wait()

    def resume(self, *, killed: bool) -> None:
        """Let it go on where it was suspended, or die there; until it ends."""
        self.stopped.clear()
        self.dead = self.dead or killed
        self._resumed.set()
        self._wait()

    def at(self, *, after: bool) -> None:
        """A boundary: the place to die or to freeze."""
        if self.dead:
            raise Killed
        fault = self.fault
        if fault and fault.call == self.calls and fault.unseen == after:
            self.fault = None
            if fault.suspends:
                self.stopped.set()
                self._resumed.wait(_PATIENCE_SECONDS)
            else:
                self.dead = True
            if self.dead:
                raise Killed
        self.calls += after

    def _wait(self) -> None:
        assert self.stopped.wait(_PATIENCE_SECONDS), "a step hangs"
        if self.failed is not None:
            raise self.failed

    def _run(self, work: Callable[[], None]) -> None:
        _here.process = self
        try:
            work()
        except Killed:
            for connection in self.connections:
                connection.pgconn.finish()
        except BaseException as error:
            self.failed = error
        finally:
            self.ended = True
            self.stopped.set()


class _Here(threading.local):
    process: Process | None = None


_here = _Here()


def boundary(*, after: bool) -> None:
    """Called around every call to AWS."""
    if _here.process is not None:
        _here.process.at(after=after)


def watch_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every round trip to PostgreSQL a boundary, COPY and COMMIT among them."""
    real: Any = psycopg.Connection.wait

    def wait(connection: psycopg.Connection[Any], *args: object, **named: object) -> object:
        if _here.process is not None:
            _here.process.connections.add(connection)
        boundary(after=False)
        response: object = real(connection, *args, **named)
        boundary(after=True)
        return response

    monkeypatch.setattr(psycopg.Connection, "wait", wait)
