"""Take away the marks of jobs about which nothing is left to do."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.database.refreshes import Refreshes
from waybill.database.repository import Connection
from waybill.state.markers import delete_markers

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def clear_markers(
    connection: Connection,
    s3: "S3Client",
    bucket: str,
    listed: Sequence[str],
) -> list[str]:
    """Delete those of the marks `listed` before the refresh whose jobs are settled.

    A mark is put before its job's merge, so it may stand for a change that is not committed
    yet, or not published: such a mark stays, and so do those put since. A mark that names no
    job only asked for this look.

    Returns:
        The keys of the marks that went.
    """
    jobs = {key: job for key in listed if (job := _job_of(key))}
    settled = Refreshes(connection).settled_jobs(list(jobs.values()))
    gone = [key for key in listed if key not in jobs or jobs[key] in settled]
    delete_markers(s3, bucket, gone)
    return gone


def _job_of(key: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(key.rpartition("/")[2])
    return None
