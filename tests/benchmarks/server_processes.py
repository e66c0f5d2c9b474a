"""CPU time of a database server, which hardly depends on what else the machine does."""

from contextlib import suppress

import psutil

from tests.postgres.databases import Database


class ServerCpu:
    """That of all processes of a server, those that have ended and its own work included."""

    def __init__(self, database: Database) -> None:
        with database.connect() as admin:
            row = admin.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None
            server = psutil.Process(row[0]).parent()
        assert server is not None
        self._server = server

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
