"""One attempt at a run: it reads on, ends the run, or says when to try again."""

from datetime import UTC, datetime
from uuid import UUID

from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.end_run import finish, report
from functions.pipeline.extract.run_extraction import (
    Claimed,
    SecondsLeft,
    claim,
    fail,
    read_on,
)
from functions.pipeline.extract.source_error import SourceError
from waybill import telemetry
from waybill.errors import Rejected
from waybill.sources.extraction import Attempt, Extraction

_SHOWN_ATTEMPTS = 100


def attempt(deps: Deps, job_id: UUID, seconds_left: SecondsLeft) -> float | None:
    """Work on the run; the seconds until it is to be worked on again, None if it has ended.

    Raises:
        Rejected: `extraction-superseded`, another attempt works on it.
        Retryable: S3 or Secrets Manager cannot be reached.
    """
    found = deps.state.extractions.find(job_id)
    if found is None:
        telemetry.action("extraction.missing", level="warning")
        return None
    extraction, version = found
    if extraction.has_ended:
        report(deps, extraction)
        return None
    if extraction.is_read:
        finish(deps, extraction)
        return None
    try:
        run = claim(deps, extraction, version)
    except Rejected as error:
        if error.code != "extraction-too-long":
            raise
        failed = fail(deps, Claimed(extraction, version), error.problem())
        report(deps, failed.extraction)
        return None
    return _attempt(deps, run, seconds_left)


def _attempt(deps: Deps, run: Claimed, seconds_left: SecondsLeft) -> float | None:
    started = datetime.now(UTC)
    try:
        run = read_on(deps, run, seconds_left)
    except SourceError as error:
        return _after_failure(deps, run.extraction, started, error)
    run = run.change(deps, attempts=_with(run.extraction, started))
    if run.extraction.is_read:
        finish(deps, run.extraction)
        telemetry.action("extraction.done", records=run.extraction.progress.records)
        return None
    report(deps, run.extraction)
    return 0.0


def _after_failure(
    deps: Deps, before: Extraction, started: datetime, error: SourceError
) -> float | None:
    """Count the failure, from the state as it was last saved."""
    found = deps.state.extractions.find(before.job_id)
    if found is None or found[0].claim != before.claim:
        raise Rejected("extraction-superseded", "Another attempt works on the run.")
    run = Claimed(*found)
    policy, failures = run.extraction.retry, run.extraction.failures + 1
    is_final = error.reason not in policy.on or failures >= policy.attempts
    attempts = _with(run.extraction, started, error, is_final=is_final)
    telemetry.action(
        "extraction.failed", level="warning", code=error.reason, detail=error.detail,
        failures=failures, is_final=is_final,
    )  # fmt: skip
    run = run.change(deps, attempts=attempts, failures=failures)
    if is_final:
        run = fail(deps, run, error.problem)
    report(deps, run.extraction)
    if is_final:
        return None
    pause = policy.backoff_seconds * 2.0 ** min(failures - 1, 10)
    return max(pause, error.retry_after or 0.0)


def _with(
    extraction: Extraction,
    started: datetime,
    error: SourceError | None = None,
    *,
    is_final: bool = False,
) -> tuple[Attempt, ...]:
    outcome = "ok" if error is None else "rejected" if is_final else "retry"
    made = Attempt(
        number=extraction.claim,
        started_at=started,
        finished_at=datetime.now(UTC),
        outcome=outcome,
        error=error.problem if error else None,
    )
    return (*extraction.attempts, made)[-_SHOWN_ATTEMPTS:]
