"""The message of the queue `landed`, and a registered object."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from waybill.landing.object_ref import ObjectRef
from waybill.state.tickets import Ticket


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Bucket(_Part):
    name: str


class _Object(_Part):
    key: str
    size: int = 0
    etag: str = ""
    version_id: str | None = Field(
        default=None, validation_alias=AliasChoices("version-id", "version_id")
    )
    sequencer: str = ""


class _Detail(_Part):
    bucket: _Bucket
    object: _Object


class _Event(_Part):
    source: str
    time: datetime
    detail: _Detail


class _TestEvent(_Part):
    event: Literal["s3:TestEvent"] = Field(validation_alias="Event")


class ObjectCreated(_Part):
    """EventBridge's "Object Created" event; `version_id` is None where the sender omits it."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime
    sequencer: str
    """S3's order of the writes to one key; empty where the sender omits it."""


class LandedJob(NamedTuple):
    """A registered object."""

    job_id: UUID
    dataset: str
    ref: ObjectRef
    ticket: Ticket | None
    """Its upload request, or that of its archive; None for a copied file."""
    is_member: bool = False
    """Whether it was in an archive."""
    sequencer: str = ""
    """As in its event."""


def parse_event(body: str) -> ObjectCreated | None:
    """The event in a message's body; None if it is not about an object.

    Raises:
        pydantic.ValidationError: the body cannot be read. Nothing is known about it, so the
            message goes to the dead-letter queue.
    """
    try:
        event = _Event.model_validate_json(body)
    except ValidationError:
        if _is_test_event(body):
            return None
        raise
    if event.source != "aws.s3":
        return None
    created = event.detail.object
    return ObjectCreated(
        bucket=event.detail.bucket.name,
        key=created.key,
        version_id=created.version_id,
        etag=created.etag.strip('"'),
        size_bytes=created.size,
        landed_at=event.time,
        sequencer=created.sequencer,
    )


def _is_test_event(body: str) -> bool:
    """S3 sends a test event when notifications are configured."""
    try:
        return bool(_TestEvent.model_validate_json(body))
    except ValidationError:
        return False
