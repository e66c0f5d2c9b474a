"""CPU time of a database server, which hardly depends on what else the machine does."""

from contextlib import suppress
from typing import Any

import psutil
import psycopg

from tests.postgres.databases import Database


def server_of(connection: psycopg.Connection[Any]) -> psutil.Process:
    """The server that a connection is to."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    server = psutil.Process(row[0]).parent()
    assert server is not None
    return server


class ProcessesCpu:
    """That of a process and its children, those that have ended included."""

    def __init__(self, parent: psutil.Process) -> None:
        self._server = parent

    def seconds(self) -> float:
        """So far."""
        while True:
            before, running = self._ended(), 0.0
            for one in self._server.children():
                with suppress(psutil.NoSuchProcess):
                    times = one.cpu_times()
                    running += times.user + times.system
            # A process that ended meanwhile may be in neither.
            if self._ended() == before:
                own = self._server.cpu_times()
                return float(own.user + own.system + before + running)

    def _ended(self) -> float:
        times = self._server.cpu_times()
        return float(times.children_user + times.children_system)


class ServerCpu(ProcessesCpu):
    """That of all processes of a server and its own work."""

    def __init__(self, database: Database) -> None:
        with database.connect() as admin:
            super().__init__(server_of(admin))
