"""Send objects of the landing bucket to the loader again."""

import time

from functions.api.admin.deps import Deps
from functions.api.admin.models import ObjectsRedriven, RedriveObjectsRequest
from waybill.errors import BadRequest
from waybill.http.pagination import Cursor, decode_cursor, encode_cursor
from waybill.landing.object_versions import PageMarker, list_page
from waybill.queues import send


class _VersionCursor(Cursor):
    prefix: str
    key: str
    version: str


def redrive_objects(deps: Deps, request: RedriveObjectsRequest, seconds: float) -> ObjectsRedriven:
    """Send every selected object version to the queue `landed`, for at most `seconds`.

    An object that already has a job is not loaded twice; steps that are missing are done.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: S3 or the queue cannot be reached; messages that were sent stay sent.
    """
    deadline = time.monotonic() + seconds
    cursor = decode_cursor(request.cursor, _VersionCursor)
    if cursor and cursor.prefix != request.prefix:
        raise BadRequest("bad-cursor", "The cursor belongs to another prefix.")
    marker = PageMarker(cursor.key, cursor.version) if cursor else None
    sent = 0
    while True:
        page = list_page(deps.s3, deps.settings.landing_bucket, request.prefix, marker)
        selected = (version for version in page.versions if request.includes(version.written_at))
        sent += send(
            deps.settings.landed_queue_url, (version.created_event() for version in selected)
        )
        marker = page.next_marker
        if marker is None:
            return ObjectsRedriven(sent=sent, next_cursor=None)
        if time.monotonic() >= deadline:
            cursor = _VersionCursor(prefix=request.prefix, **marker._asdict())
            return ObjectsRedriven(sent=sent, next_cursor=encode_cursor(cursor))
