"""Read your own writes: wait until the figures include a job."""

import random
import time
from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from waybill.errors import NotFound, Retryable

WAIT_SECONDS = 10.0
# The database learns of an accepted job when the loader reads its ticket.
_RECENT_SECONDS = 60.0
_MIN_PAUSE_SECONDS = 0.05
_MAX_PAUSE_SECONDS = 0.5


class NotFreshYet(Retryable):
    """The views do not include the job yet."""

    title: ClassVar[str] = "Not fresh yet"
    retry_after_seconds: ClassVar[int] = 2


def await_job(
    visibility: Callable[[UUID], str], job_id: UUID, *, seconds: float = WAIT_SECONDS
) -> None:
    """Return when the figures include the rows that the job wrote.

    Args:
        visibility: returns `unknown`, `open`, `stale` or `visible` for a job.
        job_id: the job to wait for.
        seconds: how long to wait.

    Raises:
        NotFound: `unknown-job`.
        NotFreshYet: `not-fresh-yet`, the figures do not include it in time.
    """
    deadline = time.monotonic() + seconds
    pause = _MIN_PAUSE_SECONDS
    while (current := visibility(job_id)) != "visible":
        unknown = current == "unknown"
        timed_out = time.monotonic() + pause > deadline
        if unknown and (timed_out or not _is_recent(job_id)):
            raise NotFound("unknown-job", f"There is no job {job_id}.")
        if timed_out:
            raise NotFreshYet("not-fresh-yet", f"The figures do not include job {job_id} yet.")
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
        pause = min(pause * 2, _MAX_PAUSE_SECONDS)


def _is_recent(job_id: UUID) -> bool:
    """Whether the timestamp of a UUIDv7 is within the last minute."""
    return job_id.version == 7 and abs(time.time() - (job_id.int >> 80) / 1000) < _RECENT_SECONDS
