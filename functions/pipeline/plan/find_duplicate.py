"""Recognises an object with the content of the one before it, which need not be loaded."""

import hashlib

from functions.pipeline.plan.deps import Deps
from functions.pipeline.plan.models import LandedJob
from functions.pipeline.plan.sniff_layout import SniffedObject
from functions.pipeline.plan.verify_object import check_sha256
from waybill import telemetry
from waybill.database.chunks import Chunks, PlanClaim


def end_if_duplicate(
    deps: Deps, job: LandedJob, sniffed: SniffedObject, plan: PlanClaim, sha256: str | None
) -> bool:
    """End the job as a duplicate if loading it would change nothing; whether it was ended.

    `sha256` is that of the object in hex, if it is known. Otherwise the object is read for it, if
    its size and its place allow that it is a duplicate.

    Raises:
        Rejected: `checksum-mismatch`, `plan-superseded`, or the object is missing.
        Retryable: something cannot be reached.
    """
    chunks = Chunks(deps.connection)
    expected = chunks.duplicate_hash(job.job_id, sniffed.layout)
    if expected is None:
        return False
    if sha256 is None:
        digest = hashlib.sha256()
        for block in sniffed.blocks(0, job.ref.size_bytes):
            digest.update(block)
        sha256 = digest.hexdigest()
        check_sha256(sha256, job.ticket)
    if sha256 != expected or not chunks.end_duplicate(plan, sniffed.layout, sha256):
        return False
    telemetry.action("job.duplicate", size_bytes=job.ref.size_bytes)
    return True
