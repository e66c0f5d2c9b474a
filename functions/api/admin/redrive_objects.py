"""Send objects of the landing bucket to the loader again."""

import time

from botocore.exceptions import ClientError, ParamValidationError

from functions.api.admin.deps import Deps
from functions.api.admin.models import ObjectsRedriven, RedriveObjectsRequest
from waybill.clients import code_of
from waybill.errors import BadRequest
from waybill.http.pagination import Cursor, decode_cursor, encode_cursor
from waybill.landing.object_versions import PageMarker, VersionPage, list_page
from waybill.queues import send


class _VersionCursor(Cursor):
    prefix: str
    key: str
    version: str


def redrive_objects(deps: Deps, request: RedriveObjectsRequest, seconds: float) -> ObjectsRedriven:
    """Send every selected object version to the queue `landed`, for at most `seconds`.

    An object that already has a job is not loaded twice; an unfinished job continues.

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
        page = _list_page(deps, request.prefix, marker)
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


def _list_page(deps: Deps, prefix: str, marker: PageMarker | None) -> VersionPage:
    try:
        return list_page(deps.s3, deps.settings.landing_bucket, prefix, marker)
    except (ClientError, ParamValidationError) as error:
        # A cursor is input: S3 may refuse its key and version.
        is_refused = isinstance(error, ParamValidationError) or code_of(error) == "InvalidArgument"
        if marker is not None and is_refused:
            raise BadRequest("bad-cursor", "The cursor is not one of this list.") from error
        raise
