"""Deletes copies of records that may hold an erased person, soon after an erasure."""

from collections.abc import Sequence

from functions.pipeline.reap.deps import Deps
from waybill.erased_copies import delete_erased_copies
from waybill.state.upload_deadlines import is_erasure


def delete_copies(deps: Deps, passed: Sequence[str]) -> int:
    """Delete what the request that erased has left: it was stopped, or its time was over.

    Raises:
        Retryable: the database or S3.
    """
    if not any(map(is_erasure, passed)):
        return 0
    return delete_erased_copies(deps.connection, deps.s3, deps.state)
