"""Marks the landed objects that may hold an erased person to expire."""

from functions.pipeline.reap.deps import Deps
from waybill.database.reaper import Reaper
from waybill.landing.expiry import mark_to_expire

# Marked objects recorded at a time: one that is marked again after a failure is no harm.
_RECORDED_AT_ONCE = 100


def expire_objects(deps: Deps) -> int:
    """Mark up to 1,000 objects; returns their number.

    Raises:
        Retryable: the database or S3.
    """
    reaper = Reaper(deps.connection)
    marked = 0
    found = reaper.objects_to_expire()
    for first in range(0, len(found), _RECORDED_AT_ONCE):
        some = found[first : first + _RECORDED_AT_ONCE]
        for each in some:
            marked += mark_to_expire(deps.s3, each.bucket, each.key, each.version_id)
        reaper.record_expiring([each.object_id for each in some])
    return marked
