"""Decrypt the text of rejects, for callers who may see it."""

from collections.abc import Sequence
from uuid import UUID

from waybill.database.data_keys import DataKeys
from waybill.database.rejects import Reject
from waybill.database.repository import Connection
from waybill.encryption import decrypt


def decrypt_rejects(
    connection: Connection, kms_key: str | None, job_id: UUID, rejects: Sequence[Reject]
) -> list[Reject]:
    """The rejects with their text as it was in the file.

    Raises:
        Unavailable: `encryption-unavailable`, or the database cannot be reached.
    """
    ids = [reject.reject_id for reject in rejects]
    keys = DataKeys(connection).of_rejects(job_id, ids) if ids else {}
    return [
        reject._replace(raw=decrypt(kms_key, keys[reject.reject_id], reject.raw))
        if reject.reject_id in keys
        else reject
        for reject in rejects
    ]
