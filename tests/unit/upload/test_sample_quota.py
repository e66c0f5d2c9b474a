"""POST /samples: a caller begins so many samples, of so many bytes, within a day."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.unit.http.api_client import ADMIN, STATE
from tests.unit.upload.test_samples import begin
from waybill.errors import TooMany
from waybill.ids import new_id
from waybill.state import sample_quota
from waybill.state.sample_forms import sample_key
from waybill.state.sample_quota import Quota, Reservation, reserve_sample
from waybill.state.samples import delete_samples

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.usefixtures("aws")
OTHER = ADMIN._replace(subject="somebody")


def reserved(s3: "S3Client") -> list[str]:
    page = s3.list_objects_v2(Bucket=STATE, Prefix="samples/")
    return [entry["Key"] for entry in page.get("Contents", [])]


def test_a_caller_begins_so_many_samples(aws: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE_COUNT", "2")
    assert begin({"size_bytes": 1}).status == 201
    assert begin({"size_bytes": 1}).status == 201
    refused = begin({"size_bytes": 1})
    assert refused.problem() == (429, "too-many-samples")
    assert "2 samples" in refused.json()["detail"]
    assert 86_000 < int(refused.headers["Retry-After"]) <= 86_400
    # Whoever is refused reserves nothing, and nobody else is.
    assert len(reserved(aws)) == 2
    assert begin({"size_bytes": 1}, OTHER).status == 201


def test_a_caller_begins_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE_BYTES", "1000")
    assert begin({"size_bytes": 1001}).problem() == (413, "file-too-large")
    assert begin({"size_bytes": 600}).status == 201
    assert begin({"size_bytes": 401}).problem() == (429, "too-many-samples")
    assert begin({"size_bytes": 400}).status == 201
    assert begin({"size_bytes": 1000}, OTHER).status == 201


def test_those_of_the_day_before_do_not_count(
    monkeypatch: pytest.MonkeyPatch, aws: "S3Client"
) -> None:
    quota = Quota(1, 100)
    reserve_sample(aws, STATE, Reservation("a", new_id(), 1), quota)

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(hours=25)

    monkeypatch.setattr(sample_quota, "datetime", Later)
    reserve_sample(aws, STATE, Reservation("a", new_id(), 1), quota)


def test_an_erasure_gives_nobody_more(aws: "S3Client") -> None:
    quota = Quota(1, 100)
    reserve_sample(aws, STATE, Reservation("a", new_id(), 1), quota)
    aws.put_object(Bucket=STATE, Key=sample_key("a", new_id()), Body=b"x")
    assert delete_samples(aws, STATE, datetime.now(UTC) + timedelta(minutes=1)) == 1
    with pytest.raises(TooMany):
        reserve_sample(aws, STATE, Reservation("a", new_id(), 1), quota)


def test_requests_at_once_do_not_exceed_the_quota(aws: "S3Client") -> None:
    """Another request reserves between the look of this one and its own reservation."""

    class Overtaken:
        """S3 of a caller whose other request is a little faster."""

        def __getattr__(self, name: str) -> Any:
            return getattr(aws, name)

        def put_object(self, **put: Any) -> Any:
            other = put["Key"].rpartition("/")[0] + f"/{UUID(int=0)}.1"
            aws.put_object(Bucket=put["Bucket"], Key=other, Body=b"")
            return aws.put_object(**put)

    s3: Any = Overtaken()
    with pytest.raises(TooMany, match="too-many-samples"):
        reserve_sample(s3, STATE, Reservation("a", new_id(), 1), Quota(1, 100))
    assert [key.rpartition("/")[2] for key in reserved(aws)] == [f"{UUID(int=0)}.1"]
