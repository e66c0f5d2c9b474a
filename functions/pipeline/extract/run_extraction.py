"""Works on a run: reads on from where it is, saves what was read, and ends it.

What was read counts when the state of the run says so. The state is changed by one attempt at a
time, so a run that is killed, or delivered twice, continues from its last saved state.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from functions.pipeline.extract.copy_objects import copy_objects
from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.landing_file import (
    MAX_ATTEMPTS,
    LandingFile,
    abort_upload,
    begin_upload,
)
from functions.pipeline.extract.page import Page
from functions.pipeline.extract.read_source import read_source
from functions.pipeline.extract.source_error import SourceError
from waybill import telemetry
from waybill.errors import Rejected
from waybill.sources.extraction import Extraction, Progress

# Losing so many seconds of reading is what a kill may cost.
_SAVE_SECONDS = 10.0
# A run that was cancelled, or taken over, reads on for so long at most, and to the end of a page.
_LOOK_SECONDS = 1.0
SecondsLeft = Callable[[], float]


class Claimed(NamedTuple):
    """A run that this attempt may change, and the version of its state."""

    extraction: Extraction
    version: str

    def change(self, deps: Deps, **fields: object) -> "Claimed":
        """The run with these fields, saved.

        Raises:
            Rejected: `extraction-superseded`.
        """
        extraction = self.extraction.model_copy(update=fields)
        return Claimed(extraction, deps.state.extractions.change(extraction, self.version))


def claim(
    deps: Deps, extraction: Extraction, version: str, seconds: float | None = None
) -> Claimed:
    """Take over the run from an earlier attempt, which can save nothing more.

    `seconds` is how long this attempt can live.

    Raises:
        Rejected: `extraction-superseded`; `extraction-too-long`, it had too many attempts.
    """
    if extraction.claim >= MAX_ATTEMPTS:
        detail = f"The run has not ended within {MAX_ATTEMPTS} attempts."
        raise Rejected("extraction-too-long", detail)
    began = now()
    return Claimed(extraction, version).change(
        deps,
        claim=extraction.claim + 1,
        claimed_at=began,
        claimed_until=began + timedelta(seconds=seconds or 0),
    )


def read_on(deps: Deps, run: Claimed, seconds_left: SecondsLeft) -> Claimed:
    """Read until the end, or until the time is over; the run as it was last saved.

    Raises:
        SourceError: the source cannot be read; what was saved stays.
        Rejected: `extraction-superseded`.
    """
    if run.extraction.kind == "s3":
        return copy_objects(deps, run, seconds_left)
    if run.extraction.upload_id is None:
        run = run.change(deps, upload_id=begin_upload(deps.s3, run.extraction))
    settings = deps.settings
    file = LandingFile(deps.s3, deps.state.extractions, run.extraction, settings.part_bytes)
    progress = run.extraction.progress
    saved_at = looked_at = time.monotonic()
    for page in _pages(deps, run.extraction):
        file.add(page.records)
        progress = _after(progress, page)
        is_last = page.position is None
        must_stop = seconds_left() < settings.spare_seconds or file.is_full
        is_due = file.unsaved_bytes >= settings.checkpoint_bytes
        is_due = is_due or time.monotonic() - saved_at > _SAVE_SECONDS
        if is_last or must_stop or is_due:
            progress = file.save(progress, is_last=is_last)
            run = run.change(deps, progress=progress, is_read=is_last, failures=0)
            saved_at = looked_at = time.monotonic()
            telemetry.action("extraction.saved", records=progress.records, is_read=is_last)
        elif time.monotonic() - looked_at > _LOOK_SECONDS:
            deps.state.extractions.check_current(run.extraction.job_id, run.version)
            looked_at = time.monotonic()
        if is_last or must_stop:
            return run
    raise SourceError("invalid-response", "The source ended without an end.")


def _pages(deps: Deps, extraction: Extraction) -> Iterator[Page]:
    return read_source(deps, extraction)


def _after(progress: Progress, page: Page) -> Progress:
    return progress.model_copy(
        update={
            "position": page.position,
            "cursor": page.cursor,
            "records": progress.records + len(page.records),
        }
    )


def fail(deps: Deps, run: Claimed, problem: dict[str, object]) -> Claimed:
    """End the run; nothing of it is loaded."""
    abort_upload(deps.s3, run.extraction)
    return run.change(deps, problem=problem)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
