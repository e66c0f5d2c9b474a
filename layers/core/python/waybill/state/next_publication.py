"""When `publish` is next needed without a marker, `publications/next.json`.

A source becomes late while nothing happens, and its digest is due a while after that. This object
has the earliest such time, so that an idle database is not woken before it.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from waybill.clients import CONFLICTS, code_of, find_object, storage_reached

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "publications/"
_KEY = f"{_PREFIX}next.json"
# Longer than a request that changes a source takes.
_REQUEST_AFTER = timedelta(seconds=60)


class NextTime(BaseModel):
    """The time; None for never. A requested one is for a change that may not be committed yet."""

    model_config = ConfigDict(frozen=True)

    at: datetime | None
    is_request: bool = False

    @property
    def is_due(self) -> bool:
        """Whether the time has come."""
        return self.at is not None and self.at <= datetime.now(UTC)


class Stored(NamedTuple):
    """What is stored, and its version; None if there is nothing yet."""

    next: NextTime
    version: str | None


class NextPublication:
    """The next time. Every method raises `Unavailable` when S3 cannot be reached."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def request(self) -> None:
        """Let `publish` look in a minute: called before a change of a source is committed."""
        at = datetime.now(UTC) + _REQUEST_AFTER
        with storage_reached():
            self._s3.put_object(
                Bucket=self._bucket, Key=_KEY, Body=_body(NextTime(at=at, is_request=True))
            )

    def find(self) -> Stored:
        """What is stored."""
        found = find_object(self._s3, self._bucket, _KEY)
        if found is None:
            return Stored(NextTime(at=None), None)
        return Stored(NextTime.model_validate_json(found[0]), found[1])

    def replace(self, stored: Stored, at: datetime | None) -> None:
        """Store the time that was computed after `stored` was read.

        A request that came meanwhile stays, and so does one whose time has not come: the change
        that it is for was perhaps not in what was computed.
        """
        if stored.next.at == at or (stored.next.is_request and not stored.next.is_due):
            return
        try:
            with storage_reached():
                if stored.version is None:
                    self._s3.put_object(
                        Bucket=self._bucket, Key=_KEY, Body=_body(NextTime(at=at)), IfNoneMatch="*"
                    )
                else:
                    self._s3.put_object(
                        Bucket=self._bucket,
                        Key=_KEY,
                        Body=_body(NextTime(at=at)),
                        IfMatch=stored.version,
                    )
        except ClientError as error:
            if code_of(error) not in CONFLICTS:
                raise


def _body(time: NextTime) -> bytes:
    return time.model_dump_json().encode()
