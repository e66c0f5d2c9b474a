"""Read your own writes: wait until the figures include a job."""

import time
from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_before_delay,
    wait_random_exponential,
)

from waybill.errors import NotFound, Retryable

WAIT_SECONDS = 10.0
# An upload is in the database only after its object event has been processed.
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
    retrying = Retrying(
        retry=retry_if_exception(lambda error: _may_end(error, job_id)),
        wait=wait_random_exponential(
            multiplier=_MIN_PAUSE_SECONDS, min=_MIN_PAUSE_SECONDS, max=_MAX_PAUSE_SECONDS
        ),
        stop=stop_before_delay(seconds),
        reraise=True,
    )
    retrying(_check, visibility, job_id)


def _check(visibility: Callable[[UUID], str], job_id: UUID) -> None:
    current = visibility(job_id)
    if current == "unknown":
        raise NotFound("unknown-job", f"There is no job {job_id}.")
    if current != "visible":
        raise NotFreshYet("not-fresh-yet", f"The figures do not include job {job_id} yet.")


def _may_end(error: BaseException, job_id: UUID) -> bool:
    """Whether the job may be visible later; an unknown one only if it is new."""
    return isinstance(error, NotFreshYet) or (isinstance(error, NotFound) and _is_recent(job_id))


def _is_recent(job_id: UUID) -> bool:
    """Whether the timestamp of a UUIDv7 is within the last minute."""
    return job_id.version == 7 and abs(time.time() - (job_id.int >> 80) / 1000) < _RECENT_SECONDS
