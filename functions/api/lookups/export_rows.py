"""Exports of datasets: begun here, written by the function `load`."""

from typing import Any
from uuid import UUID

from functions.api.lookups.deps import Deps
from functions.api.lookups.models import ExportRequest
from waybill.database.exports import Exports
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import NotFound
from waybill.http.personal_reads import View
from waybill.ids import new_id
from waybill.messages import ExportMessage
from waybill.queues import send


def create_export(deps: Deps, dataset: str, request: ExportRequest, view: View) -> dict[str, Any]:
    """Begin an export of the rows as the caller sees them.

    Raises:
        Rejected: `unknown-dataset`.
        Conflict: `too-many-exports`.
        Unavailable: the database or the queue cannot be reached.
    """
    export_id = new_id()
    deps.personal_reads.record(view, dataset, "rows")

    def create(connection: Connection) -> dict[str, Any]:
        Session(connection).act_as(view.caller)
        exports = Exports(connection)
        exports.create(
            export_id,
            dataset,
            file_format=request.format,
            escapes_formulas=request.formulas == "escape",
            is_masked=view.masked,
        )
        return exports.document(export_id, dataset, None) or {}

    document = deps.database.run(create)
    send(deps.chunks_queue_url, [ExportMessage(export_id=export_id)])
    return _with_urls(deps, document)


def find_export(
    deps: Deps, dataset: str, export_id: str, view: View, *, is_admin: bool
) -> dict[str, Any]:
    """An export that the caller made, with URLs to download its files.

    Raises:
        NotFound: `unknown-export`; also if the caller may no longer see the values in it.
        Unavailable: the database cannot be reached.
    """
    caller = None if is_admin else view.caller.subject
    unknown = NotFound("unknown-export", f"There is no export {export_id!r} of {dataset}.")
    try:
        parsed = UUID(export_id)
    except ValueError:
        raise unknown from None
    document = deps.database.run(
        lambda connection: Exports(connection).document(parsed, dataset, caller)
    )
    if document is None or (view.masked and not document["masked"]):
        raise unknown
    if document["state"] == "COMPLETED" and not document["masked"]:
        deps.personal_reads.record_coalesced(view, dataset, "rows")
    return _with_urls(deps, document)


def _with_urls(deps: Deps, document: dict[str, Any]) -> dict[str, Any]:
    name, file_format = document["dataset"], document["format"]
    files = document["files"] if document["state"] == "COMPLETED" else []
    several = len(files) > 1
    return {
        **document,
        "rows": sum(file["rows"] for file in document["files"]),
        "bytes": sum(file["bytes"] for file in document["files"]),
        "files": [
            {
                **{key: value for key, value in file.items() if key != "key"},
                "url": deps.exports.url(
                    file["key"],
                    f"{name}-{file['number']:05}.{file_format}"
                    if several
                    else f"{name}.{file_format}",
                ),
            }
            for file in files
        ],
    }
