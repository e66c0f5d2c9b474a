"""The schedules that repeat deliveries: each calls the function once, and is gone then."""

import json
from datetime import datetime
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError

from waybill.clients import code_of, scheduler_client
from waybill.errors import Unavailable


class DeliverySchedules:
    """A group of one-time schedules in EventBridge Scheduler."""

    def __init__(self, group: str, target: str, role: str) -> None:
        self._group = group
        self._target = target
        self._role = role

    def repeat(
        self, delivery_id: UUID, attempt: int, at: datetime, *, is_postponed: bool = False
    ) -> None:
        """Let the function be called for the delivery at this time; repeating changes nothing.

        Args:
            delivery_id: the delivery.
            attempt: the number of the attempt that it is for.
            at: the time, in UTC.
            is_postponed: whether it is called beside the schedule that the attempt has already.

        Raises:
            Unavailable: `scheduler-unavailable`; safe to repeat.
        """
        try:
            scheduler_client().create_schedule(
                Name=f"{delivery_id}-{'postponed-' * is_postponed}{attempt}",
                GroupName=self._group,
                ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={
                    "Arn": self._target,
                    "RoleArn": self._role,
                    "Input": json.dumps({"delivery_id": str(delivery_id)}),
                },
            )
        except ClientError as error:
            if code_of(error) != "ConflictException":
                raise _unavailable() from error
        except BotoCoreError as error:
            raise _unavailable() from error


def _unavailable() -> Unavailable:
    return Unavailable("scheduler-unavailable", "EventBridge Scheduler cannot be reached.")
