"""The schedules of sources, in EventBridge Scheduler: one for each source that has one."""

import json
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError

from waybill.clients import code_of, scheduler_client
from waybill.errors import Rejected, Unavailable

_RETRIES = 3
_MAX_AGE_SECONDS = 900


class Schedules:
    """A group of schedules that call one function with the source's id."""

    def __init__(self, group: str, target: str, role: str) -> None:
        self._group = group
        self._target = target
        self._role = role

    def keep(self, source_id: UUID, expression: str | None) -> None:
        """Give the source this schedule, or none; repeating it changes nothing.

        Raises:
            Rejected: `invalid-source`, the service does not accept the expression.
            Unavailable: `scheduler-unavailable`; safe to repeat.
        """
        if expression is None:
            self._delete(source_id)
            return
        try:
            self._put(source_id, expression)
        except ClientError as error:
            if code_of(error) == "ValidationException":
                detail = f"The schedule {expression!r} is not accepted."
                raise Rejected("invalid-source", detail) from error
            raise _unavailable() from error
        except BotoCoreError as error:
            raise _unavailable() from error

    def _put(self, source_id: UUID, expression: str) -> None:
        given = {
            "Name": str(source_id),
            "GroupName": self._group,
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": self._target,
                "RoleArn": self._role,
                "Input": json.dumps({"source_id": str(source_id)}),
                "RetryPolicy": {
                    "MaximumRetryAttempts": _RETRIES,
                    "MaximumEventAgeInSeconds": _MAX_AGE_SECONDS,
                },
            },
        }
        scheduler = scheduler_client()
        try:
            scheduler.update_schedule(**given)  # type: ignore[arg-type]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            scheduler.create_schedule(**given)  # type: ignore[arg-type]

    def _delete(self, source_id: UUID) -> None:
        try:
            scheduler_client().delete_schedule(Name=str(source_id), GroupName=self._group)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise _unavailable() from error
        except BotoCoreError as error:
            raise _unavailable() from error


def _unavailable() -> Unavailable:
    return Unavailable("scheduler-unavailable", "EventBridge Scheduler cannot be reached.")
