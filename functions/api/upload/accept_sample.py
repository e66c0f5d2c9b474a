"""Accept a file that is only looked at: a presigned form into the caller's own area."""

from datetime import UTC, datetime, timedelta

from functions.api.upload.deps import Deps
from functions.api.upload.models import SampleForm, SampleRequest
from waybill.callers import Caller
from waybill.errors import TooLarge
from waybill.ids import new_id
from waybill.state.sample_forms import MOST_BYTES, sample_form, sample_key
from waybill.state.sample_quota import Quota, Reservation, reserve_sample


def accept_sample(deps: Deps, request: SampleRequest, caller: Caller) -> SampleForm:
    """The form for exactly this file.

    Raises:
        TooLarge: `file-too-large`.
        TooMany: `too-many-samples`.
        Unavailable: `storage-unavailable`.
    """
    limit = min(MOST_BYTES, deps.settings.max_upload_bytes, deps.settings.sample_bytes)
    if request.size_bytes > limit:
        raise TooLarge("file-too-large", f"A sample has at most {limit} bytes.")
    sample_id, seconds = new_id(), deps.settings.upload_expires_seconds
    quota = Quota(deps.settings.sample_count, deps.settings.sample_bytes)
    reservation = Reservation(caller.subject, sample_id, request.size_bytes)
    reserve_sample(deps.s3, deps.settings.state_bucket, reservation, quota)
    form = sample_form(
        deps.s3,
        deps.settings.state_bucket,
        sample_key(caller.subject, sample_id),
        size_bytes=request.size_bytes,
        seconds=seconds,
    )
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    return SampleForm(sample_id=sample_id, expires_at=expires_at, **form)
