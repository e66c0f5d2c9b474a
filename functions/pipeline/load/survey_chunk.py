"""Surveys a range of an object, so that its chunk, and those behind it, can be staged."""

from collections.abc import Iterator
from typing import Literal

from functions.pipeline.load.deps import Deps
from waybill import telemetry
from waybill.database.chunks import ChunkId, Chunks
from waybill.database.claims import RangeClaim
from waybill.landing.objects import stream_range
from waybill.records.survey import SurveyedRange, survey_range

# Read behind a range, where its last record ends; doubled while it does not.
_TAIL_BYTES = 64 * 1024


def survey_chunk(
    deps: Deps, chunk: ChunkId, claim: RangeClaim
) -> Literal["settled", "again", "waiting"]:
    """Survey the range and store the result, as `Chunks.record_survey`.

    Raises:
        Rejected: `job-ended`, or the object is missing or was overwritten.
        Retryable: a dependency is unavailable.
    """
    start = None if claim.first_line is None else claim.byte_from
    part = SurveyedRange(claim.byte_from, claim.byte_to, start)
    surveys = survey_range(_blocks(deps, claim, part.read_from), claim.layout, part)
    status = Chunks(deps.connection).record_survey(chunk, surveys)
    telemetry.action("chunk.surveyed", chunk=chunk.chunk, status=status, places=len(surveys))
    return status


def _blocks(deps: Deps, claim: RangeClaim, byte_from: int) -> Iterator[bytes]:
    """The object's bytes to its end, requested as they are needed."""
    end, tail = claim.byte_to, _TAIL_BYTES
    while byte_from < claim.size_bytes:
        end = min(end + tail, claim.size_bytes)
        yield from stream_range(deps.s3, claim.object, byte_from, end, deps.settings.block_bytes)
        byte_from, tail = end, 2 * tail
