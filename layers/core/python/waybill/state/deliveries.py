"""Deliveries of digests, `deliveries/{delivery_id}.json`: what was sent, and what is to be.

An event may come twice, and so may the schedule of an attempt. Each change of a delivery names the
version that it was made from, so the first one wins and the other stops.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import UUID

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from waybill.clients import CONFLICTS, code_of, find_object, storage_reached
from waybill.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "deliveries/"
State = Literal["waiting", "sending", "sent", "given-up"]


class Delivery(BaseModel):
    """A digest and its receiver, as the event had them, and how far the delivery is."""

    model_config = ConfigDict(frozen=True)

    delivery_id: UUID
    receiver: Mapping[str, Any]
    content: Mapping[str, Any]
    state: State = "waiting"
    attempts: int = 0
    changed_at: datetime | None = None
    error: str | None = None
    not_before: datetime | None = None
    """When the receiver is to be tried again, as it asked."""

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to do."""
        return self.state in ("sent", "given-up")

    def is_claimed_since(self, since: datetime) -> bool:
        """Whether an attempt that began after `since` has not ended."""
        return self.state == "sending" and self.changed_at is not None and self.changed_at > since

    def is_early(self, now: datetime) -> bool:
        """Whether the receiver asked not to be tried yet."""
        return self.not_before is not None and now < self.not_before

    def begin(self, now: datetime) -> Self:
        """The delivery with one more attempt, which begins now."""
        change = {"state": "sending", "attempts": self.attempts + 1, "changed_at": now}
        return self.model_copy(update=change)

    def end(
        self, state: State, error: str | None = None, not_before: datetime | None = None
    ) -> Self:
        """The delivery after an attempt."""
        change = {"state": state, "error": error, "changed_at": datetime.now(UTC),
                  "not_before": not_before}  # fmt: skip
        return self.model_copy(update=change)


class Deliveries:
    """The deliveries. Every method raises `Unavailable` when S3 cannot be reached."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def create(self, delivery: Delivery) -> None:
        """Keep a new delivery; one that is there stays as it is."""
        try:
            with storage_reached():
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=_key(delivery.delivery_id),
                    Body=delivery.model_dump_json().encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
        except ClientError as error:
            if code_of(error) not in CONFLICTS:
                raise

    def find(self, delivery_id: UUID) -> tuple[Delivery, str] | None:
        """The delivery and its version; None if there is no such one."""
        found = find_object(self._s3, self._bucket, _key(delivery_id))
        return None if found is None else (Delivery.model_validate_json(found[0]), found[1])

    def change(self, delivery: Delivery, version: str) -> str:
        """Write the delivery that was made from `version`; the new version.

        Raises:
            Rejected: `delivery-superseded`, another attempt has changed it.
        """
        try:
            with storage_reached():
                written = self._s3.put_object(
                    Bucket=self._bucket,
                    Key=_key(delivery.delivery_id),
                    Body=delivery.model_dump_json().encode(),
                    ContentType="application/json",
                    IfMatch=version,
                )
        except ClientError as error:
            if code_of(error) in CONFLICTS:
                detail = "Another attempt works on the delivery."
                raise Rejected("delivery-superseded", detail) from error
            raise
        return written["ETag"]


def _key(delivery_id: UUID) -> str:
    return f"{_PREFIX}{delivery_id}.json"
