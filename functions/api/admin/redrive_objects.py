"""The verb: announce objects again that are in the landing bucket."""

import time
from typing import TYPE_CHECKING

from functions.api.admin.answer import ObjectsRedriven
from functions.api.admin.request import RedriveObjectsRequest
from functions.api.admin.settings import AdminSettings
from waybill.errors import BadRequest
from waybill.http.cursors import Cursor, read_cursor, write_cursor
from waybill.landing.object_versions import Place, list_page
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
    """Announce every version that is meant, for so many seconds at most.

    An object whose job is there already is not loaded again: what is missing of it is done.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: S3 or the queue cannot be reached; what was sent stays sent.
    """
    deadline = time.monotonic() + seconds
    after = read_cursor(request.cursor, _After)
    if after and after.prefix != request.prefix:
        raise BadRequest("bad-cursor", "The cursor was given out for another prefix.")
    place = Place(after.key, after.version) if after else None
    sent = 0
    while True:
        page = list_page(s3, settings.landing_bucket, request.prefix, place)
        meant = (found for found in page.found if request.covers(found.at))
        sent += send(settings.landed_queue_url, (found.announcement() for found in meant))
        place = page.next_place
        if place is None:
            return ObjectsRedriven(sent=sent, next_cursor=None)
        if time.monotonic() >= deadline:
            more = _After(prefix=request.prefix, **place._asdict())
            return ObjectsRedriven(sent=sent, next_cursor=write_cursor(more))
