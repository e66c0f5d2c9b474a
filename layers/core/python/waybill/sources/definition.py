"""The definition of a data source, as the API and the files of `sql/sources/` give it."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from waybill.errors import FieldError, Rejected
from waybill.sources.connections import MODELS, Connection, SourceKind

_RATE = re.compile(r"rate\([1-9][0-9]{0,4} (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\([A-Za-z0-9*,/?#-]+( [A-Za-z0-9*,/?#-]+){5}\)")
RetryReason = Literal["rate-limited", "server-error", "timeout", "unreachable", "invalid-response"]

NotifiedEvent = Literal["finished", "rejects", "failed", "late"]


class RetryPolicy(BaseModel):
    """How often a run is tried again, how long it waits, and after which errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: int = Field(default=5, ge=1, le=50, description="Failures in a row, at most.")
    backoff_seconds: int = Field(
        default=10, ge=0, le=900, description="Longest first pause; it doubles each time."
    )
    on: list[RetryReason] = Field(
        default=["rate-limited", "server-error", "timeout", "unreachable", "invalid-response"],
        description="After any other error the run fails at once.",
    )


class SourceDefinition(BaseModel):
    """What is pulled, from where, when, and into which dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    kind: SourceKind
    connection: dict[str, Any] = Field(description="How the source is reached, by kind.")
    dataset: str = Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    schedule: str | None = Field(
        default=None,
        max_length=256,
        description="`rate(1 hour)` or `cron(0 6 * * ? *)`, of EventBridge Scheduler, in UTC.",
    )
    transformation: dict[str, Any] | None = None
    cursor: str | None = Field(
        default=None, max_length=2000, description="Where the next run begins."
    )
    retry: RetryPolicy = RetryPolicy()
    notify: dict[str, list[NotifiedEvent]] | None = Field(
        default=None, description="Events to notify, by receiver of `sql/receivers/`."
    )
    late_after_seconds: int | None = Field(
        default=None, ge=60, description="The source counts as late when its lag is longer."
    )

    @field_validator("schedule")
    @classmethod
    def _check_schedule(cls, schedule: str | None) -> str | None:
        if schedule is not None and not _RATE.fullmatch(schedule) and not _CRON.fullmatch(schedule):
            raise PydanticCustomError(
                "not_a_schedule", "It must be like rate(1 hour) or cron(0 6 * * ? *)."
            )
        return schedule

    @property
    def reached_by(self) -> Connection:
        """The connection as the model of its kind.

        Raises:
            Rejected: `invalid-source`, with each error.
        """
        return parse_connection(self.kind, self.connection)


def parse_connection(kind: SourceKind, connection: Mapping[str, Any]) -> Connection:
    """The connection as the model of its kind.

    Raises:
        Rejected: `invalid-source`, with each error.
    """
    try:
        return MODELS[kind].model_validate(connection)
    except ValidationError as error:
        # Without the input: it may be a credential in the wrong place.
        found = [_field_error(each) for each in error.errors(include_input=False)]
        detail = f"The connection is not valid: {found[0].pointer}: {found[0].message}"
        raise Rejected("invalid-source", detail, found) from None


def _field_error(error: ErrorDetails) -> FieldError:
    pointer = "".join(f"/{part}" for part in ("connection", *error["loc"]))
    return FieldError(pointer=pointer, code=error["type"], message=error["msg"])
