"""What a message of the queue `landed` says: EventBridge's event of an object that was written."""

from datetime import datetime
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError


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


class _Detail(_Part):
    bucket: _Bucket
    object: _Object


class _Event(_Part):
    source: str
    time: datetime
    detail: _Detail


class _Greeting(_Part):
    event: Literal["s3:TestEvent"] = Field(validation_alias="Event")


class LandedEvent(_Part):
    """An object that was written, as the event has it; the emulator leaves the version out."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime


def _is_greeting(body: str) -> bool:
    """S3 says a word to a queue that it is told to write to."""
    try:
        return bool(_Greeting.model_validate_json(body))
    except ValidationError:
        return False


def read_event(body: str) -> LandedEvent | None:
    """The event in a message's body; None if it is none of an object.

    Raises:
        pydantic.ValidationError: it cannot be read. Nothing is known of it, so that it is kept
            where failed messages are.
    """
    try:
        event = _Event.model_validate_json(body)
    except ValidationError:
        if _is_greeting(body):
            return None
        raise
    if event.source != "aws.s3":
        return None
    landed = event.detail.object
    return LandedEvent(
        bucket=event.detail.bucket.name,
        key=landed.key,
        version_id=landed.version_id,
        etag=landed.etag.strip('"'),
        size_bytes=landed.size,
        landed_at=event.time,
    )
