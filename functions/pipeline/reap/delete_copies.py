"""Deletes copies of records that may hold an erased person, soon after an erasure."""

from collections.abc import Sequence

from functions.pipeline.reap.deps import Deps
from waybill.database.reaper import Reaper
from waybill.erased_copies import delete_erased_copies
from waybill.state.upload_deadlines import is_erasure


def delete_copies(deps: Deps, passed: Sequence[str]) -> int:
    """Delete what the request that erased has left: it was stopped, or its time was over.

    The deadlines of erasures in `passed` stay until every copy is deleted and no object is left
    to be marked, so the next run goes on.

    Raises:
        Retryable: the database or S3.
    """
    erasures = [key for key in passed if is_erasure(key)]
    if not erasures:
        return 0
    deleted = delete_erased_copies(deps.connection, deps.s3, deps.state)
    if not Reaper(deps.connection).objects_left_to_expire():
        deps.state.deadlines.delete_keys(erasures)
    return deleted
