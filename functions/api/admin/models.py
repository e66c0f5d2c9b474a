"""Requests and responses of the admin endpoints."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from waybill.landing.keys import PREFIX

QueueName = Literal["landed", "chunks", "merges"]


def _check_prefix(prefix: str) -> str:
    if not prefix.startswith(PREFIX):
        raise PydanticCustomError("not_landing", "The prefix must start with landing/.")
    return prefix


class RedriveRequest(BaseModel):
    """Failed messages to send again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    queue: QueueName | None = Field(default=None, description="Default: all three.")


class RedriveObjectsRequest(BaseModel):
    """Objects to load, selected by key prefix and time of upload."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"prefix": "landing/hired_employees/"}]}
    )

    prefix: Annotated[str, AfterValidator(_check_prefix)] = Field(
        max_length=1024, description="Key prefix, e.g. landing/hired_employees/."
    )
    since: AwareDatetime | None = Field(default=None, description="Written at or after.")
    until: AwareDatetime | None = Field(default=None, description="Written before.")
    cursor: str | None = Field(
        default=None, description="`next_cursor` of the previous response, to continue."
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
