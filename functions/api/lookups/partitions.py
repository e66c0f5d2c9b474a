"""Archived partitions: listed here, and restored by the function `load`."""

from typing import Any

from functions.api.lookups.deps import Deps
from functions.api.lookups.models import RestoreRequest
from waybill.callers import Caller
from waybill.database.lake import Lake
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import NotFound
from waybill.messages import LakeMessage
from waybill.queues import send


def list_partitions(deps: Deps, dataset: str) -> dict[str, Any]:
    """The partitions that are, were or are being archived, oldest first, and their table in Athena.

    Raises:
        Unavailable: the database cannot be reached.
    """

    def read(connection: Connection) -> dict[str, Any]:
        lake = Lake(connection)
        athena = lake.athena_table(dataset, deps.state_bucket)
        return {"items": lake.documents(dataset), "athena": athena}

    return deps.database.run(read)


def restore_partition(
    deps: Deps, dataset: str, label: str, request: RestoreRequest, caller: Caller
) -> dict[str, Any]:
    """Let a partition be restored. Safe to repeat: each call sends the message again.

    Raises:
        NotFound: `unknown-partition`.
        Conflict: `partition-archived`, it is being archived.
        Unavailable: the database or the queue cannot be reached.
    """

    def restore(connection: Connection) -> tuple[Any, list[dict[str, Any]]]:
        Session(connection).act_as(caller)
        lake = Lake(connection)
        return lake.restore(dataset, label, request.keep_days), lake.documents(dataset)

    partition_id, documents = deps.database.run(restore)
    send(deps.chunks_queue_url, [LakeMessage(partition_id=partition_id)])
    for document in documents:
        if document["partition"] == label:
            return document
    raise NotFound("unknown-partition", f"No partition {label} of {dataset} is archived.")
