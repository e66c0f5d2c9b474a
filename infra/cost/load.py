"""The load of an environment, and the work per GB and request: measured, or marked assumed."""

from dataclasses import dataclass

DAYS = 30
HOURS = DAYS * 24


@dataclass(frozen=True, kw_only=True)
class Load:
    """What an environment does: data per day in GB, and requests of the API per month."""

    gb_per_day: float = 0
    requests_per_month: int = 0
    file_mb: float = 64
    """Mean size of a file."""
    days_kept: int = 30
    """Days of data in the database and in the landing bucket."""

    @property
    def gb_per_month(self) -> float:
        """Data that arrive in a month, in GB."""
        return self.gb_per_day * DAYS

    @property
    def files_per_month(self) -> float:
        """Files that arrive in a month."""
        return self.gb_per_month * 1024 / self.file_mb

    @property
    def chunks_per_month(self) -> float:
        """Chunks of at most 64 MB."""
        return self.files_per_month * max(1, -(-self.file_mb // 64))


PLAN_SECONDS_PER_GB = 1.5
"""Measured: CPU of a function that reads and hashes."""
LOAD_SECONDS_PER_GB = 17.0
"""Measured: CPU of a loader and of its COPY, which wait for each other."""
COPY_SECONDS_PER_GB = 7.0
"""Measured: CPU of the server for COPY."""
MERGE_SECONDS_PER_GB = 40.0
"""Measured: CPU of the server for a merge into empty tables, indexes and references included."""
MERGE_INTO_ROWS = 2.0
"""Measured: how many times as much a merge into a table of 5 million rows takes."""
ACU_PER_CORE = 4.0
"""Assumed: an ACU has 2 GB of memory and about a quarter of a core."""
DATABASE_BYTES_PER_BYTE = 2.0
"""Assumed: a row with its indexes against its text."""
WRITES_PER_GB = 800_000
"""Assumed: rows, indexes and WAL, in units of 4 KB."""
REQUEST_SECONDS = 0.05
"""Measured: a request's handler, between an analytics query and a batch."""
ACU_SECONDS_PER_REQUEST = 0.02
"""Assumed."""
LOG_KB_PER_CALL = 2.0
"""Assumed: three lines of JSON and the platform's own."""
POLLED_QUEUES = 4
"""The queues with a consumer; a test counts them in the templates."""
LIMITED_POLLERS = 5
"""Documented: pollers of a queue whose consumer has a concurrency limit, idle or not."""
FREE_POLLERS = 2
"""Documented: those that are left of an idle queue without one."""
POLLS = HOURS * 3600 / 20
"""Of one poller in a month; a long poll takes 20 s."""
LISTINGS = {"refresh": 1, "reap": 3, "publish": 1}
"""Requests that list the state bucket in a run with nothing to do."""
