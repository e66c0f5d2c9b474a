"""What an administrator asks for."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from waybill.landing.keys import PREFIX

QueueName = Literal["landed", "chunks", "merges"]


def _below_landing(prefix: str) -> str:
    if not prefix.startswith(PREFIX):
        raise PydanticCustomError("not_landing", "Objects of files begin with landing/.")
    return prefix


class RedriveRequest(BaseModel):
    """Failed messages that are to be tried again."""

    model_config = ConfigDict(extra="forbid")

    queue: QueueName | None = Field(default=None, description="All three when it is not given.")


class RedriveObjectsRequest(BaseModel):
    """Objects that are to be looked at again, by their keys and when they were written."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"prefix": "landing/hired_employees/"}]}
    )

    prefix: Annotated[str, AfterValidator(_below_landing)] = Field(
        max_length=1024, description="Beginning of the keys, e.g. landing/hired_employees/."
    )
    since: AwareDatetime | None = Field(default=None, description="Written at or after.")
    until: AwareDatetime | None = Field(default=None, description="Written before.")
    cursor: str | None = Field(
        default=None, description="`next_cursor` of the answer before, to go on."
    )

    def covers(self, moment: datetime) -> bool:
        """Whether an object that was written then is meant."""
        early = self.since is not None and moment < self.since
        return not early and (self.until is None or moment < self.until)
