"""The verb: announce objects again that are in the landing bucket."""

import time
from typing import TYPE_CHECKING

from functions.api.admin.answer import ObjectsRedriven
from functions.api.admin.request import RedriveObjectsRequest
from functions.api.admin.settings import AdminSettings
from waybill.errors import BadRequest
from waybill.http.cursors import Cursor, read_cursor, write_cursor
from waybill.landing.object_versions import PageMarker, list_page
from waybill.queues import send

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class _After(Cursor):
    prefix: str
    key: str
    version: str


def redrive_objects(
    s3: "S3Client", settings: AdminSettings, request: RedriveObjectsRequest, seconds: float
) -> ObjectsRedriven:
    """Emit the events of the selected versions again, for at most `seconds`.

    An object that has a job already is not loaded twice: only what is missing is done.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: S3 or the queue cannot be reached; what was sent stays sent.
    """
    deadline = time.monotonic() + seconds
    after = read_cursor(request.cursor, _After)
    if after and after.prefix != request.prefix:
        raise BadRequest("bad-cursor", "The cursor was given out for another prefix.")
    marker = PageMarker(after.key, after.version) if after else None
    sent = 0
    while True:
        page = list_page(s3, settings.landing_bucket, request.prefix, marker)
        selected = (version for version in page.versions if request.covers(version.written_at))
        sent += send(settings.landed_queue_url, (version.created_event() for version in selected))
        marker = page.next_marker
        if marker is None:
            return ObjectsRedriven(sent=sent, next_cursor=None)
        if time.monotonic() >= deadline:
            more = _After(prefix=request.prefix, **marker._asdict())
            return ObjectsRedriven(sent=sent, next_cursor=write_cursor(more))
