"""One attempt at a run: it reads on, ends the run, or says when to try again."""

from datetime import UTC, datetime
from uuid import UUID

from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.end_run import finish, report
from functions.pipeline.extract.landing_file import abort_upload
from functions.pipeline.extract.run_extraction import (
    Claimed,
    SecondsLeft,
    claim,
    fail,
    read_on,
)
from functions.pipeline.extract.source_error import SourceError
from functions.pipeline.extract.unfinished import added, is_dead, is_unfinished, with_unfinished
from waybill import telemetry
from waybill.errors import Rejected
from waybill.sources.extraction import Attempt, Extraction


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
        _end(deps, extraction)
        return None
    if extraction.is_read:
        finish(deps, extraction)
        return None
    if is_unfinished(extraction) and is_dead(extraction):
        return _after_kill(deps, Claimed(extraction, version))
    return _take_over(deps, extraction, version, seconds_left)


def _take_over(
    deps: Deps, extraction: Extraction, version: str, seconds_left: SecondsLeft
) -> float | None:
    if is_unfinished(extraction):
        extraction = with_unfinished(extraction, "extraction-superseded")
    try:
        run = claim(deps, extraction, version, seconds_left())
    except Rejected as error:
        if error.code != "extraction-too-long":
            raise
        failed = fail(deps, Claimed(extraction, version), error.problem())
        report(deps, failed.extraction)
        return None
    try:
        return _attempt(deps, run, seconds_left)
    except Rejected as error:
        if error.code != "extraction-superseded" or not _end_cancelled(deps, extraction.job_id):
            raise
        return None


def _end_cancelled(deps: Deps, job_id: UUID) -> bool:
    """End the run if it was cancelled; whether it was."""
    found = deps.state.extractions.find(job_id)
    if found is None or not found[0].is_cancelled:
        return False
    _end(deps, found[0])
    telemetry.action("extraction.cancelled")
    return True


def _end(deps: Deps, extraction: Extraction) -> None:
    if extraction.is_cancelled:
        abort_upload(deps.s3, extraction)
    report(deps, extraction)


def _after_kill(deps: Deps, run: Claimed) -> float | None:
    """Count an attempt that was killed; the run goes on with a message of its own.

    A queue delivers one message a few times only, and a run may be killed more often.
    """
    extraction = with_unfinished(run.extraction, "run-abandoned")
    failures, policy = extraction.failures + 1, extraction.retry
    is_final = failures >= policy.attempts
    telemetry.action("extraction.killed", level="warning", failures=failures, is_final=is_final)
    run = run.change(deps, attempts=extraction.attempts, failures=failures)
    if is_final:
        detail = f"{failures} attempts in a row failed, the last one out of memory or time."
        run = fail(deps, run, Rejected("killed-repeatedly", detail).problem())
    report(deps, run.extraction)
    return None if is_final else _pause(extraction, failures)


def _pause(extraction: Extraction, failures: int) -> float:
    return extraction.retry.backoff_seconds * 2.0 ** min(failures - 1, 10)


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
    return max(_pause(run.extraction, failures), error.retry_after or 0.0)


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
    return added(extraction, made)
