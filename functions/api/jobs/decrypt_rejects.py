"""Decrypt the text of rejects, for callers who may see it."""

from collections.abc import Sequence
from uuid import UUID

from waybill.database.data_keys import DataKeys
from waybill.database.rejects import Reject
from waybill.database.repository import Connection
from waybill.encryption import DataKey, decrypt


def decrypt_rejects(
    connection: Connection, kms_key: str | None, job_id: UUID, rejects: Sequence[Reject]
) -> list[Reject]:
    """The rejects with their text as it was in the file.

    Raises:
        Unavailable: `encryption-unavailable`, or the database cannot be reached.
    """
    # The rejects of an archive are those of its members.
    by_job: dict[UUID, list[UUID]] = {}
    for reject in rejects:
        by_job.setdefault(reject.job_id or job_id, []).append(reject.reject_id)
    keys: dict[UUID, DataKey] = {}
    for job, ids in by_job.items():
        keys |= DataKeys(connection).of_rejects(job, ids)
    return [
        reject._replace(raw=decrypt(kms_key, keys[reject.reject_id], reject.raw))
        if reject.reject_id in keys
        else reject
        for reject in rejects
    ]
