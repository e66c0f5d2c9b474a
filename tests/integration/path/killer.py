"""Kills the process that handles a message, before or after any external call."""

from typing import Any

import psycopg
import pytest
from botocore.client import BaseClient


class Killed(BaseException):
    """The process is gone; nothing of it runs any more, clean-ups included."""


class Killer:
    """Counts calls to AWS and to the database, and kills at the one it was armed for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._left: int | None = None
        self._unseen = False
        self._dead = False
        self.calls = 0
        self._wrap(monkeypatch, BaseClient, "_make_api_call")
        self._wrap(monkeypatch, psycopg.Cursor, "execute")

    def arm(self, call: int, *, unseen: bool) -> None:
        """Kill at this call from now, counted from 0; `unseen`: after it took effect."""
        self._left, self._unseen, self.calls = call, unseen, 0

    def revive(self) -> None:
        """The next process starts; nothing more happens to it."""
        self._left, self._dead = None, False

    def _wrap(self, monkeypatch: pytest.MonkeyPatch, of: type, name: str) -> None:
        real: Any = getattr(of, name)

        def call(subject: object, *args: object, **named: object) -> object:
            self._kill(after=False)
            response = real(subject, *args, **named)
            self._kill(after=True)
            return response

        monkeypatch.setattr(of, name, call)

    def _kill(self, *, after: bool) -> None:
        if self._dead:
            raise Killed
        if self._left is None:
            return
        if self._left == self.calls and after == self._unseen:
            self._dead = True
            raise Killed
        self.calls += after
