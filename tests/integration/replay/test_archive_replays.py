"""Rejects of an archive's members are replayed by one request, each at the place of its member."""

import csv
import io
import json
import random
from typing import Any

import pytest

from tests.cloud.archive_files import zipped
from tests.cloud.fixtures import LANDING
from tests.cloud.lambda_events import Context, object_event
from tests.integration.path.archives import MemberEvents, settle_archives
from tests.integration.path.killer import Killed, Killer
from tests.integration.path.steps import FUNCTIONS, land
from tests.integration.replay.rejected_files import CSV, Replays
from tests.unit.http.api_client import ApiResponse

FILES = {
    "a.csv": b"1,Ada,2021-01-01T00:00:00Z,,\n2,Early,no date,,\n3,,2021-03-01T00:00:00Z,,\n",
    "b.csv": b"2,Late,2022-02-01T00:00:00Z,,\n4,Grace,no date,,\n",
    "c.csv": b"6,Mary,2021-06-01T00:00:00Z,,\n",
    "d.jsonl": b'{"id":"x","name":"Emmy","hire_dt":"2021-05-01T00:00:00Z"}\n',
}
COUNTS = ("read", "inserted", "updated", "superseded", "rejected")
_KILLS = 12


def loaded(replays: Replays, files: dict[str, bytes] = FILES) -> str:
    land(replays.cloud, "hired_employees", "x.zip", zipped(files))
    settle_archives(replays.cloud)
    return archive_of(replays)


def archive_of(replays: Replays) -> str:
    ((job,),) = replays.rows("SELECT job_id FROM waybill.ingestion_jobs WHERE filename = 'x.zip'")
    return str(job)


def send_object(replays: Replays, response: ApiResponse) -> str:
    """Send the event of the replay's object; the id of its job."""
    assert response.status == 202, response.text
    job = str(response.json()["job_id"])
    key = f"landing/{replays.dataset}/{job}/replay.zip"
    event = object_event(replays.cloud.s3, LANDING, key, time="2026-03-01T10:05:00Z")
    queue = replays.cloud.queues["landed"]
    replays.cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    return job


def delivered(replays: Replays, response: ApiResponse) -> str:
    job = send_object(replays, response)
    settle_steps(replays)
    return job


def settle_steps(replays: Replays) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_USER", "pipeline")
        settle_archives(replays.cloud)


def job(replays: Replays, job_id: str) -> dict[str, Any]:
    document: dict[str, Any] = replays.ask("GET", f"/jobs/{job_id}").json()
    return document


def members(replays: Replays, archive: str) -> list[dict[str, Any]]:
    page = replays.ask("GET", f"/jobs?archive_job_id={archive}").json()
    return sorted(page["items"], key=lambda item: str(item["source"]["filename"]))


def corrections(replays: Replays, archive: str) -> list[dict[str, Any]]:
    """Every reject of the archive, corrected."""
    rows = []
    for reject in replays.rejects(archive):
        row = {"_reject_id": reject["reject_id"]}
        column = reject["errors"][0]["column"]
        value = {"hire_dt": "2021-02-28T00:00:00Z", "name": "Named", "id": "5"}[column]
        rows.append({**row, column: value})
    return rows


def corrected_csv(replays: Replays, archive: str) -> str:
    """The archive's CSV with all rejects corrected, but for the id that is none."""
    text = replays.ask("GET", f"/jobs/{archive}/rejects", headers={"Accept": "text/csv"}).text
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(line["_member"], line["_line"]) for line in lines] == [
        ("a.csv", "2"),
        ("a.csv", "3"),
        ("b.csv", "2"),
        ("d.jsonl", "1"),
    ]
    lines[0]["hire_dt"] = lines[2]["hire_dt"] = "2021-02-28T00:00:00Z"
    lines[1]["name"] = "Named"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, lines[0])
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def test_the_csv_of_an_archive_is_corrected_and_replayed_until_none_remain(
    replays: Replays,
) -> None:
    archive = loaded(replays)
    assert job(replays, archive)["rejects_remaining"] == 4
    replay = delivered(replays, replays.replay(archive, corrected_csv(replays, archive), CSV))
    # What a later member has stays.
    assert replays.employees() == [
        (1, "Ada", "2021-01-01"),
        (2, "Late", "2022-02-01"),
        (3, "Named", "2021-03-01"),
        (4, "Grace", "2021-02-28"),
        (6, "Mary", "2021-06-01"),
    ]
    shown = job(replays, replay)
    assert (shown["source"]["kind"], shown["parent_job_id"]) == ("replay", archive)
    assert [shown["waybill"][name] for name in COUNTS] == [4, 2, 0, 1, 1]
    assert job(replays, archive)["rejects_remaining"] == shown["rejects_remaining"] == 1
    parts, originals = members(replays, replay), members(replays, archive)
    assert [(part["source"]["filename"], part["parent_job_id"]) for part in parts] == [
        (member["source"]["filename"], member["job_id"])
        for member in originals
        if member["waybill"]["rejected"]
    ]
    assert [[part["waybill"][name] for name in COUNTS] for part in parts] == [
        [2, 1, 0, 1, 0],
        [1, 1, 0, 0, 0],
        [1, 0, 0, 0, 1],
    ]

    (left,) = replays.rejects(replay)
    assert (left["member"], left["line"]) == ("d.jsonl", 2)
    delivered(replays, replays.replay(replay, {"rows": corrections(replays, replay)}))
    assert replays.employees()[4] == (5, "Emmy", "2021-05-01")
    assert {job(replays, one)["rejects_remaining"] for one in (archive, replay)} == {0}


def test_a_replay_is_loaded_once_wherever_it_is_killed(
    replays: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, killer, events = replays.cloud, Killer(monkeypatch), MemberEvents(replays.cloud)
    archive = loaded(replays)
    rows = {"rows": corrections(replays, archive)}
    replay = send_object(replays, replays.replay(archive, rows))
    monkeypatch.setenv("DATABASE_USER", "pipeline")
    for call in sorted(random.Random(7).sample(range(60), _KILLS)):
        for record in cloud.take("landed"):
            killer.arm(call, unseen=call % 2 == 0)
            try:
                FUNCTIONS["landed"]({"Records": [record]}, Context())
            except Killed:
                killer.revive()
                cloud.sqs.send_message(QueueUrl=cloud.queues["landed"], MessageBody=record["body"])
            killer.revive()
        # Meanwhile the request is repeated: its rejects are not those that remain.
        assert replays.replay(archive, rows).json()["type"].endswith("not-replayable")
    settle_archives(cloud, events)
    assert [row[0] for row in replays.employees()] == [1, 2, 3, 4, 5, 6]
    assert replays.employees()[1] == (2, "Late", "2022-02-01")
    assert [job(replays, replay)["waybill"][name] for name in COUNTS] == [4, 3, 0, 1, 0]
    assert job(replays, archive)["rejects_remaining"] == 0
    assert replays.replay(archive, rows).status == 422
    (counted,) = replays.rows("SELECT count(*) FROM waybill.ingestion_jobs WHERE kind = 'replay'")
    assert counted == (4,)


def test_the_rejects_of_a_member_that_was_not_loaded_remain(replays: Replays) -> None:
    archive = loaded(replays)
    rows = {"rows": corrections(replays, archive)}
    replay = send_object(replays, replays.replay(archive, rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_USER", "pipeline")
        for record in replays.cloud.take("landed"):
            FUNCTIONS["landed"]({"Records": [record]}, Context())
    part, *_ = members(replays, replay)
    assert replays.ask("DELETE", f"/jobs/{part['job_id']}").status == 202
    assert [reject["member"] for reject in replays.rejects(archive)] == ["a.csv", "a.csv"]
    settle_steps(replays)
    assert [row[0] for row in replays.employees()] == [1, 2, 4, 5, 6]
    assert job(replays, replay)["state"] == "CANCELLED"
    delivered(replays, replays.replay(archive, {"rows": corrections(replays, archive)}))
    assert [row[0] for row in replays.employees()] == [1, 2, 3, 4, 5, 6]


def test_a_cancelled_replay_frees_all_rejects(replays: Replays) -> None:
    archive = loaded(replays)
    response = replays.replay(archive, {"rows": corrections(replays, archive)})
    assert replays.rejects(archive) == []
    assert replays.ask("DELETE", f"/jobs/{response.json()['job_id']}").status == 202
    assert len(replays.rejects(archive)) == 4


def test_loaded_members_of_a_cancelled_archive_are_replayed(replays: Replays) -> None:
    cloud, events = replays.cloud, MemberEvents(replays.cloud)
    land(cloud, "hired_employees", "x.zip", zipped(FILES))
    for _ in range(6):
        events.send()
        for name, step in FUNCTIONS.items():
            for record in cloud.take(name):
                # The last member is unpacked, and never planned.
                if "/d.jsonl" not in record["body"]:
                    step({"Records": [record]}, Context())
    archive = archive_of(replays)
    rows = {"rows": corrections(replays, archive)}
    assert replays.replay(archive, rows).json()["type"].endswith("not-replayable")
    assert replays.ask("DELETE", f"/jobs/{archive}").status == 202
    assert job(replays, archive)["rejects_remaining"] == 3
    replay = delivered(replays, replays.replay(archive, rows))
    assert [row[0] for row in replays.employees()] == [1, 2, 3, 4, 6]
    assert job(replays, replay)["state"] == "COMPLETED"
    assert job(replays, archive)["rejects_remaining"] == 0


def test_a_member_is_not_reverted_before_the_replay_of_its_rejects(replays: Replays) -> None:
    archive = loaded(replays)
    rows = [row for row in corrections(replays, archive) if "id" not in row]
    response = replays.replay(archive, {"rows": rows})
    replay = response.json()["job_id"]
    first, *_, last = members(replays, archive)
    for one in (first["job_id"], archive):
        refused = replays.ask("POST", f"/jobs/{one}/revert?wait=0")
        assert refused.status == 409
        assert "Revert first what belongs to job " in refused.text
        assert f": job {replay}." in refused.text
    accepted = replays.ask("POST", f"/jobs/{last['job_id']}/revert?wait=0")
    assert accepted.status == 202
    left = corrections(replays, archive)
    assert replays.replay(archive, {"rows": left}).status == 422
    settle_steps(replays)
    # What is listed can be replayed: no more those of the member that was taken back.
    rest = replays.rejects(archive)
    assert (job(replays, last["job_id"])["state"], rest) == ("REVERTED", [])


def test_rejects_of_other_jobs_are_refused_by_name(replays: Replays) -> None:
    archive, other = loaded(replays), replays.loaded(name="other.csv", second=20)
    rows = corrections(replays, archive)
    (foreign, *_) = replays.rejects(other)
    response = replays.replay(archive, {"rows": [*rows, {"_reject_id": foreign["reject_id"]}]})
    assert response.status == 422
    assert [error["pointer"] for error in response.json()["errors"]] == ["/rows/4/_reject_id"]
    assert len(replays.rejects(archive)) == 4


def test_of_two_replays_of_a_member_the_last_requested_counts(replays: Replays) -> None:
    archive = loaded(replays, {"a.csv": b"id,name,hire_dt\n7,First,no date\n7,Second,no date\n"})
    first, second = corrections(replays, archive)
    # The one that is requested first is not unpacked before the other is loaded.
    begun = replays.replay(archive, {"rows": [first]})
    delivered(replays, replays.replay(archive, {"rows": [second]}))
    assert replays.employees() == [(7, "Second", "2021-02-28")]
    late = delivered(replays, begun)
    assert replays.employees() == [(7, "Second", "2021-02-28")]
    assert job(replays, late)["waybill"]["superseded"] == 1
