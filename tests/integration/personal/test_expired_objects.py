"""Landed objects that may hold an erased person expire; what needed them ends with a reason."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.pipeline.reap import expire_objects
from tests.cloud.fixtures import LANDING, STATE
from tests.cloud.lambda_events import object_created
from tests.integration.personal.patients import ADA, HEADER, Patients
from tests.integration.personal.test_erasure import NORTH_7, OTHERS, erase
from tests.integration.reap.stalled_jobs import reap
from tests.unit.http.api_client import ADMIN
from waybill.errors import Unavailable
from waybill.landing.expiry import EXPIRY_TAG, mark_to_expire
from waybill.state.bucket import StateBucket

MARK = [{"Key": EXPIRY_TAG[0], "Value": EXPIRY_TAG[1]}]


@pytest.fixture(autouse=True)
def reaper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_USER", "pipeline")


def land(patients: Patients, text: str, name: str, time: str) -> None:
    """Land a file at a time of this day, and run the steps."""
    key = f"landing/patients/{name}"
    written = patients.cloud.s3.put_object(Bucket=LANDING, Key=key, Body=text.encode())
    event = object_created(LANDING, key, written, len(text), time=f"2026-03-01T{time}Z")
    queue = patients.cloud.queues["landed"]
    patients.cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    patients.settle()


def versions(patients: Patients) -> Iterator[tuple[str, str]]:
    for version in patients.cloud.s3.list_object_versions(Bucket=LANDING).get("Versions", []):
        yield version["Key"], version["VersionId"]


def marked(patients: Patients) -> dict[str, list[bool]]:
    """Whether each version of a file, newest first, is marked to expire."""
    found: dict[str, list[bool]] = {}
    for key, version in versions(patients):
        tags = patients.cloud.s3.get_object_tagging(Bucket=LANDING, Key=key, VersionId=version)
        found.setdefault(key.rpartition("/")[2], []).append(tags["TagSet"] == MARK)
    return found


def pass_hours(patients: Patients, hours: float) -> None:
    """The deadlines were set so much earlier."""
    deadlines = StateBucket(patients.cloud.s3, STATE).deadlines
    far = datetime.now(UTC) + timedelta(days=99)
    for key in deadlines.passed(far):
        _, time, name = key.split("/")
        assert name == "erasure"
        earlier = datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        deadlines.delete_keys([key])
        deadlines.put_erasure(earlier - timedelta(hours=hours))


def expire(patients: Patients) -> None:
    """What the rule of the bucket does within days."""
    for key, version in versions(patients):
        tags = patients.cloud.s3.get_object_tagging(Bucket=LANDING, Key=key, VersionId=version)
        if tags["TagSet"] == MARK:
            patients.cloud.s3.delete_object(Bucket=LANDING, Key=key, VersionId=version)


def job(patients: Patients, name: str) -> dict[str, Any]:
    ((job_id,),) = patients.rows(
        "SELECT job_id FROM waybill.ingestion_jobs WHERE filename = %s"
        " ORDER BY created_at DESC LIMIT 1",
        name,
    )
    found: dict[str, Any] = patients.ask(ADMIN, "GET", f"/jobs/{job_id}").json()
    return found


def test_every_version_that_landed_before_is_marked_and_no_other(patients: Patients) -> None:
    land(patients, HEADER + ADA, "a.csv", "10:00:01")
    land(patients, HEADER + OTHERS, "a.csv", "10:00:02")
    land(patients, "ward\n2\n", "not-a-patient.csv", "10:00:03")
    patients.load("ward\n3\n", "w.csv", "wards")
    assert erase(patients, NORTH_7).status == 200
    assert reap()["objects_marked"] == 3
    # After the erasure: it may bring the person back.
    land(patients, HEADER + ADA, "later.csv", "10:00:09")
    patients.rows(
        "UPDATE waybill.ingestion_jobs SET landed_at = clock_timestamp()"
        " WHERE filename = 'later.csv'"
    )
    reap()
    assert marked(patients) == {
        "a.csv": [True, True],
        "not-a-patient.csv": [True],
        "w.csv": [False],
        "later.csv": [False],
    }
    assert job(patients, "a.csv")["object_erased_at"]
    assert "object_erased_at" not in job(patients, "later.csv")
    assert "object_erased_at" not in job(patients, "w.csv")


def test_a_sleeping_database_is_woken_for_it_once(
    patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    patients.load(HEADER + ADA)
    erase(patients, NORTH_7)
    state = StateBucket(patients.cloud.s3, STATE)
    state.markers.delete(state.markers.list())
    assert reap() == {}
    pass_hours(patients, 2)
    assert reap()["objects_marked"] == 1
    # What was on its way at the time is looked for once more, after the queues' retention.
    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_PORT", "1")
        assert reap() == {}
    pass_hours(patients, 24 * 16)
    reap()
    assert state.deadlines.passed(datetime.now(UTC) + timedelta(days=99)) == []


def test_it_is_done_in_parts_and_goes_on_where_it_failed(
    patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in range(4):
        land(patients, HEADER + OTHERS, f"{second}.csv", f"10:00:0{second}")
    erase(patients, NORTH_7)
    pass_hours(patients, 2)
    monkeypatch.setattr(expire_objects, "_RECORDED_AT_ONCE", 1)
    left = [True, True]

    def mark_two(*args: Any) -> bool:
        if not left:
            raise Unavailable("storage-unavailable", "S3 is away.")
        left.pop()
        return mark_to_expire(*args)

    with monkeypatch.context() as patch:
        patch.setattr(expire_objects, "mark_to_expire", mark_two)
        with pytest.raises(Unavailable):
            reap()
    assert sum(each[0] for each in marked(patients).values()) == 2
    assert reap()["objects_marked"] == 2
    assert all(each[0] for each in marked(patients).values())


def test_an_object_that_is_read_comes_later(patients: Patients) -> None:
    patients.load(HEADER + ADA)
    patients.rows("UPDATE waybill.ingestion_jobs SET state = 'LOADING'")
    erase(patients, NORTH_7)
    pass_hours(patients, 2)
    assert "objects_marked" not in reap()
    patients.rows("UPDATE waybill.ingestion_jobs SET state = 'COMPLETED'")
    assert reap()["objects_marked"] == 1


def test_a_batch_has_no_object(patients: Patients) -> None:
    rows = [{"clinic": "south", "chart": 5, "surname": "Turing"}]
    response = patients.ask(ADMIN, "POST", "/batch/patients", {"rows": rows})
    assert response.status in (200, 201), response.text
    patients.load(HEADER + ADA)
    erase(patients, NORTH_7)
    pass_hours(patients, 2)
    assert reap()["objects_marked"] == 1
    deadlines = StateBucket(patients.cloud.s3, STATE).deadlines
    assert deadlines.passed(datetime.now(UTC)) == []


def test_a_missing_object_and_a_repeated_event_are_no_harm(patients: Patients) -> None:
    land(patients, HEADER + ADA, "a.csv", "10:00:01")
    erase(patients, NORTH_7)
    for key, version in list(versions(patients)):
        patients.cloud.s3.delete_object(Bucket=LANDING, Key=key, VersionId=version)
    reap()
    before = job(patients, "a.csv")
    assert before["object_erased_at"]
    response = {"ETag": f'"{before["source"]["etag"]}"'}
    response["VersionId"] = before["source"]["version_id"]
    size = before["source"]["size_bytes"]
    event = object_created(LANDING, before["source"]["key"], response, size,
                           time="2026-03-01T10:00:01Z")  # fmt: skip
    queue = patients.cloud.queues["landed"]
    patients.cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    patients.settle()
    assert job(patients, "a.csv") == before


def test_rejects_are_replayed_without_their_object(patients: Patients) -> None:
    bad = "south,9,Hopper,,grace@navy.example,many,1\n"
    land(patients, HEADER + ADA + bad, "a.csv", "10:00:01")
    erase(patients, NORTH_7)
    reap()
    expire(patients)
    assert list(versions(patients)) == []
    path = f"/jobs/{job(patients, 'a.csv')['job_id']}"
    (item,) = patients.ask(ADMIN, "GET", f"{path}/rejects").json()["items"]
    rows = [{"_reject_id": item["reject_id"], "visits": "4"}]
    response = patients.ask(ADMIN, "POST", f"{path}/replay", {"rows": rows})
    assert response.status == 202, response.text
    patients.deliver(response)
    assert patients.rows("SELECT chart, visits FROM patients") == [(9, 4)]
    assert job(patients, "a.csv")["rejects_remaining"] == 0


def test_a_late_file_that_cannot_be_compared_with_an_expired_one_fails(
    patients: Patients,
) -> None:
    hopper = "south,9,Hopper,,grace@navy.example,1,1\n"
    land(patients, HEADER + hopper, "first.csv", "10:00:01")
    # It finds the row unchanged, and does not stamp it.
    land(patients, HEADER + hopper, "last.csv", "10:00:09")
    erase(patients, NORTH_7)
    reap()
    expire(patients)
    land(patients, HEADER + hopper.replace("Hopper", "Older"), "late.csv", "10:00:05")
    late = job(patients, "late.csv")
    assert (late["state"], late["error"]["title"]) == ("FAILED", "Later file erased")
    assert late["error"]["type"].endswith("/later-file-erased")
    assert job(patients, "last.csv")["state"] == "DUPLICATE"
    assert patients.rows("SELECT surname FROM patients") == [("Hopper",)]
    # Uploaded again, it is the newest.
    land(patients, HEADER + hopper.replace("Hopper", "Newer"), "again.csv", "11:00:00")
    assert patients.rows("SELECT surname FROM patients") == [("Newer",)]


def test_a_late_file_is_compared_while_the_object_is_there(patients: Patients) -> None:
    hopper = "south,9,Hopper,,grace@navy.example,1,1\n"
    land(patients, HEADER + hopper, "first.csv", "10:00:01")
    land(patients, HEADER + hopper, "last.csv", "10:00:09")
    erase(patients, NORTH_7)
    reap()
    land(patients, HEADER + hopper.replace("Hopper", "Older"), "late.csv", "10:00:05")
    assert job(patients, "late.csv")["state"] == "COMPLETED"
    assert patients.rows("SELECT surname FROM patients") == [("Hopper",)]
