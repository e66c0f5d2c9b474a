"""Read your own writes: answer only once the figures include an ingestion job."""

import random
import time
from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from waybill.errors import NotFound, Retryable

WAIT_SECONDS = 10.0
# A job that was just accepted is known to the database as soon as its ticket is read.
_TICKET_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.5


class NotFreshYet(Retryable):
    """The views do not include the job yet."""

    title: ClassVar[str] = "Not fresh yet"
    retry_after_seconds: ClassVar[int] = 2


def await_job(
    visibility: Callable[[UUID], str], job_id: UUID, *, seconds: float = WAIT_SECONDS
) -> None:
    """Return when the figures include whatever the job wrote; a job that failed wrote nothing.

    Args:
        visibility: gives `unknown`, `open`, `stale` or `visible` for a job.
        job_id: the job that the caller wants to see.
        seconds: how long to wait for it.

    Raises:
        NotFound: `unknown-job`.
        NotFreshYet: `not-fresh-yet`, it is not included in time.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while (seen := visibility(job_id)) != "visible":
        unknown = seen == "unknown"
        late = time.monotonic() + pause > deadline
        if unknown and (late or not _just_made(job_id)):
            raise NotFound("unknown-job", f"There is no job {job_id}.")
        if late:
            raise NotFreshYet("not-fresh-yet", f"The figures do not include job {job_id} yet.")
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _just_made(job_id: UUID) -> bool:
    """Whether the time in a UUIDv7 is of the last minute."""
    return job_id.version == 7 and abs(time.time() - (job_id.int >> 80) / 1000) < _TICKET_SECONDS
