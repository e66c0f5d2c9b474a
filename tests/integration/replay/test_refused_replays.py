"""Replays that are refused, or that fail before their file is written."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.cloud.fixtures import STATE
from tests.integration.replay.rejected_files import CSV, Replays
from waybill.errors import Unavailable
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Tickets
from waybill.state.upload_deadlines import job_of_deadline


def test_ids_that_do_not_remain_are_refused_by_name(replays: Replays) -> None:
    job = replays.loaded()
    one, other = (reject["reject_id"] for reject in replays.rejects(job)[:2])
    strange = str(uuid4())
    row = {"_reject_id": one, "hire_dt": "2021-02-28T09:00:00Z"}
    response = replays.replay(job, {"rows": [row, {"_reject_id": strange}]})
    assert response.problem() == (422, "not-replayable")
    (error,) = response.json()["errors"]
    assert error["pointer"] == "/rows/1/_reject_id"
    assert strange in error["message"]
    assert replays.replay(job, {"rows": [row]}).status == 202
    assert replays.replay(job, {"rows": [row]}).problem() == (422, "not-replayable")
    assert replays.replay(job, {"rows": [{"_reject_id": other}]}).status == 202
    unknown = replays.replay(str(UUID(int=7)), {"rows": [row]})
    assert unknown.problem() == (404, "unknown-job")


def test_a_replay_that_could_not_land_can_be_sent_again(
    replays: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = replays.loaded()
    body = {"rows": [{"_reject_id": replays.rejects(job)[0]["reject_id"]}]}
    with monkeypatch.context() as away:
        away.setattr("waybill.state.tickets.Tickets.put", _away)
        assert replays.replay(job, body).problem() == (503, "storage-unavailable")
    assert replays.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 3
    assert replays.replay(job, body).status == 202


def _away(*_: object) -> None:
    raise Unavailable("storage-unavailable", "It is away.")


REJECT = "0190c0de-0000-7000-8000-000000000000"
WRONG: list[tuple[object, tuple[str, str]]] = [
    ([{"id": 1}], ("/rows/0/_reject_id", "no-reject-id")),
    ([{"_reject_id": "x"}], ("/rows/0/_reject_id", "no-reject-id")),
    ([{"_reject_id": REJECT, "colour": 1}], ("/rows/0/colour", "unknown-field")),
    ([{"_reject_id": REJECT, "name": "a\0"}], ("/rows/0/name", "nul-byte")),
    ([{"_reject_id": REJECT}, {"_reject_id": REJECT}], ("/rows/1/_reject_id", "duplicate-reject")),
    ([], ("/rows", "too-short")),
    ("x", ("/rows", "list-type")),
]


class Killed(BaseException):
    """The function is gone, and nothing of it runs any more."""


def test_a_replay_that_is_killed_before_its_ticket_expires(
    replays: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = replays.loaded()
    (reject, *_) = replays.rejects(job)
    row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-02-28T09:00:00Z"}

    def kill(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(Tickets, "put", kill)
    with pytest.raises(Killed):
        replays.replay(job, {"rows": [row]})
    ((replay,),) = replays.rows("SELECT job_id FROM waybill.ingestion_jobs WHERE kind = 'replay'")
    deadlines = StateBucket(replays.cloud.s3, STATE).deadlines.passed(
        datetime.now(UTC) + timedelta(hours=2)
    )
    assert replay in map(job_of_deadline, deadlines)


def test_invalid_requests_are_refused(replays: Replays) -> None:
    job = replays.loaded()
    for rows, error in WRONG:
        response = replays.replay(job, {"rows": rows})
        assert response.problem() == (422, "invalid-request"), rows
        assert [(f["pointer"], f["code"]) for f in response.json()["errors"]] == [error]
    for text in ("", "_reject_id\n", "_reject_id,id\nx\n", "_reject_id,_reject_id\na,b\n", '"a'):
        assert replays.replay(job, text, CSV).problem() == (400, "malformed-body"), text
    assert replays.replay(job, "[]").problem() == (400, "malformed-json")
    response = replays.replay(job, "x", {"Content-Type": "text/plain"})
    assert response.problem() == (415, "unsupported-media")
