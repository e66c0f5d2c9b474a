"""Requests and responses of the admin endpoints."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from waybill.landing.keys import PREFIX

# Characters that XML 1.0 cannot represent, and lone surrogates.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
QueueName = Literal["landed", "chunks", "merges", "extracts"]


def _check_prefix(prefix: str) -> str:
    if not prefix.startswith(PREFIX):
        raise PydanticCustomError("not_landing", "The prefix must start with landing/.")
    if _CONTROL.search(prefix):
        # S3's XML responses cannot contain them. A shorter prefix selects such keys.
        raise PydanticCustomError("not_printable", "The prefix has control characters.")
    return prefix


def _check_text(value: object) -> object:
    if value is not None and not isinstance(value, str):
        # Pydantic would read a number as seconds since 1970.
        raise PydanticCustomError("not_a_time", "The time must be RFC 3339 text.")
    return value


Time = Annotated[AwareDatetime | None, BeforeValidator(_check_text)]


class RedriveRequest(BaseModel):
    """Failed messages to send again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    queue: QueueName | None = Field(default=None, description="Default: all of them.")


class RedriveObjectsRequest(BaseModel):
    """Objects to load, selected by key prefix and time of upload."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"prefix": "landing/hired_employees/"}]}
    )

    prefix: Annotated[str, AfterValidator(_check_prefix)] = Field(
        max_length=1024,
        description="Key prefix, e.g. landing/hired_employees/.",
        json_schema_extra={"pattern": f"^{PREFIX}[^\\x00-\\x1f\\x7f]*$"},
    )
    since: Time = Field(default=None, description="Written at or after.")
    until: Time = Field(default=None, description="Written before.")
    cursor: str | None = Field(
        default=None,
        description="`next_cursor` of the previous response, to continue.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    )

    def includes(self, written_at: datetime) -> bool:
        """Whether an object that was written then is selected."""
        early = self.since is not None and written_at < self.since
        return not early and (self.until is None or written_at < self.until)


class QueueRedriven(BaseModel):
    """The result for one queue."""

    sent: int = Field(description="Messages that were put back into the queue.")
    left: int = Field(description="Approximate number of messages left in its dead-letter queue.")


class Redriven(BaseModel):
    """The result by queue."""

    queues: dict[str, QueueRedriven]


class ObjectsRedriven(BaseModel):
    """How many objects were sent again; call again with `next_cursor` until it is null."""

    sent: int
    next_cursor: str | None
