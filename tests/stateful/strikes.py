"""Kills or freezes the process that handles a message, at any call to the world outside.

A process is a thread here. Every round trip to PostgreSQL and every call to AWS is a boundary:
before it, or after it took effect unseen. What is dead makes no call any more, clean-ups
included, and its connections are cut. What is frozen keeps them, with their locks, until it
goes on or dies.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

_PATIENCE_SECONDS = 60.0


class Killed(BaseException):
    """The process is gone; nothing of it runs any more."""


@dataclass
class Strike:
    """What happens at a call, counted from 0."""

    call: int
    unseen: bool
    """After the call took effect rather than before it."""
    freezes: bool = False


@dataclass
class Process:
    """One invocation of a step."""

    strike: Strike | None = None
    calls: int = 0
    dead: bool = False
    failed: BaseException | None = None
    connections: set[psycopg.Connection[Any]] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set when it has ended or is frozen."""
    ended: bool = False
    _thaw: threading.Event = field(default_factory=threading.Event)

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` until it ends or freezes."""
        threading.Thread(target=self._run, args=(work,), daemon=True).start()
        self._wait()

    def thaw(self, *, killed: bool) -> None:
        """Let it go on where it was frozen, or die there; until it ends."""
        self.stopped.clear()
        self.dead = self.dead or killed
        self._thaw.set()
        self._wait()

    def at(self, *, after: bool) -> None:
        """A boundary: the place to die or to freeze."""
        if self.dead:
            raise Killed
        strike = self.strike
        if strike and strike.call == self.calls and strike.unseen == after:
            self.strike = None
            if strike.freezes:
                self.stopped.set()
                self._thaw.wait(_PATIENCE_SECONDS)
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
        answer: object = real(connection, *args, **named)
        boundary(after=True)
        return answer

    monkeypatch.setattr(psycopg.Connection, "wait", wait)
