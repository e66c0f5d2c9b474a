"""Copies of records in the state bucket that may hold an erased person: they are deleted.

Samples are not searched, so those of all callers go, of whichever dataset; of downloads, exports
and what runs of sources left, those of the erased person's dataset.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from waybill.database.erasures import Erasures
from waybill.database.repository import Connection
from waybill.errors import Retryable, Unavailable
from waybill.state.bucket import StateBucket
from waybill.state.samples import delete_samples

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def delete_erased_copies(connection: Connection, s3: "S3Client", state: StateBucket) -> int:
    """Delete what was written before the newest erasures, in every version. Returns how many.

    Safe to repeat, and to be stopped: the next call deletes the rest. A kind whose copies S3 does
    not delete does not keep the others.

    Raises:
        Unavailable: the database or S3 cannot be reached; nothing else is tried.
        Retryable: the first failure, after all kinds.
    """
    erasures = Erasures(connection)
    newest = erasures.newest()
    if newest is None:
        return 0
    deletions: tuple[Callable[[], int], ...] = (
        lambda: delete_samples(s3, state.name, newest),
        lambda: state.exports.delete(erasures.erased_copies),
        lambda: state.extractions.delete_carries(erasures.erased_copies),
    )
    deleted, failures = 0, []
    for delete in deletions:
        try:
            deleted += delete()
        except Unavailable:
            raise
        except Retryable as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    return deleted
