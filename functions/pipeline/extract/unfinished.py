"""Attempts that did not say how they ended: they were killed, or another one took over."""

from datetime import UTC, datetime

from waybill.errors import Rejected
from waybill.sources.extraction import Attempt, Extraction

_SHOWN_ATTEMPTS = 100
_DETAILS = {
    "run-abandoned": "The attempt was killed, out of memory or time.",
    "extraction-superseded": "Another attempt took over the run.",
}


def is_unfinished(extraction: Extraction) -> bool:
    """Whether the last attempt has not said how it ended."""
    last = extraction.claim
    return last > 0 and all(made.number != last for made in extraction.attempts)


def is_dead(extraction: Extraction) -> bool:
    """Whether the time of the last attempt is over.

    Before that it may be at work: its message may be delivered twice.
    """
    until = extraction.claimed_until
    return until is None or until <= datetime.now(UTC)


def with_unfinished(extraction: Extraction, code: str) -> Extraction:
    """The run with its last attempt among those that ended, with this code."""
    now = datetime.now(UTC)
    made = Attempt(
        number=extraction.claim,
        started_at=extraction.claimed_at or extraction.created_at,
        finished_at=now,
        outcome="retry",
        error=Rejected(code, _DETAILS[code]).problem(),
    )
    return extraction.model_copy(update={"attempts": added(extraction, made)})


def added(extraction: Extraction, made: Attempt) -> tuple[Attempt, ...]:
    """The run's attempts with one more; only the last ones are kept."""
    return (*extraction.attempts, made)[-_SHOWN_ATTEMPTS:]
