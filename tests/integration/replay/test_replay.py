"""Rejects come out as CSV or JSON, go back corrected, and none remain."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from functions.api.jobs.deps import deps
from functions.api.jobs.handler import handle
from tests.cloud.fixtures import LANDING, STATE, Cloud
from tests.integration.batch.conftest import publish_all
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Database
from tests.unit.http.api_client import ApiResponse, call
from waybill import consumer
from waybill.errors import Unavailable
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Tickets
from waybill.state.upload_deadlines import job_of_deadline

EMPLOYEES = (
    b"1,Ada Lovelace,2021-01-05T09:00:00Z,,\n"
    b'2,"=Grace ""H""",2021-02-30T09:00:00Z,,\n'
    b"3,,2021-07-05T09:00:00Z,,\n"
    b"x,Alan Turing,2022-02-03T09:00:00Z,,\n"
)
CSV = {"Content-Type": "text/csv; charset=utf-8"}


class House(NamedTuple):
    cloud: Cloud
    database: Database
    ask: Callable[..., ApiResponse]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            connection.execute("SET ROLE waybill_owner")
            return connection.execute(statement.encode()).fetchall()

    def employees(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT id, name, hire_dt::date::text FROM hired_employees ORDER BY id")

    def loaded(self, body: bytes = EMPLOYEES, name: str = "a.csv", second: int = 0) -> str:
        land(self.cloud, "hired_employees", name, body, second=second)
        settle(self.cloud)
        ((job,),) = self.rows(
            f"SELECT job_id FROM waybill.ingestion_jobs WHERE filename = '{name}'"
        )
        return str(job)

    def rejects(self, job: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ask("GET", f"/jobs/{job}/rejects").json()["items"]
        return items

    def replay(self, job: str, body: object, headers: dict[str, str] | None = None) -> ApiResponse:
        return self.ask("POST", f"/jobs/{job}/replay", body, headers)

    def deliver(self, response: ApiResponse) -> str:
        """Tell of the object as S3 does, and let the steps run."""
        assert response.status == 202, response.text
        job = response.json()["job_id"]
        assert response.headers["Location"].endswith(f"/jobs/{job}")
        found = self.cloud.s3.list_objects_v2(
            Bucket=LANDING, Prefix=f"landing/hired_employees/{job}/"
        )
        (landed,) = found["Contents"]
        head = self.cloud.s3.head_object(Bucket=LANDING, Key=landed["Key"])
        written = {"key": landed["Key"], "size": landed["Size"], "version-id": head["VersionId"]}
        event = {
            "source": "aws.s3",
            "time": "2026-03-01T10:05:00Z",
            "detail": {
                "bucket": {"name": LANDING},
                "object": {**written, "etag": head["ETag"].strip('"')},
            },
        }
        queue = self.cloud.queues["landed"]
        self.cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_USER", "pipeline")
            settle(self.cloud)
        return str(job)


@pytest.fixture
def house(
    cloud: Cloud,
    database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    environment_of(database, "waybill_jobs")
    publish_all(cloud, database)
    deps.cache_clear()
    deps()
    environment_of(database, "pipeline")
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 0)
    yield House(cloud, database, partial(call, handle))
    deps().database.close()
    deps.cache_clear()


def test_a_csv_is_corrected_and_replayed_until_no_rejects_remain(house: House) -> None:
    job = house.loaded()
    text = house.ask("GET", f"/jobs/{job}/rejects", headers={"Accept": "text/csv"}).text
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [line["name"] for line in lines] == ['\'=Grace "H"', "", "Alan Turing"]
    lines[0]["hire_dt"] = " 2021-02-28T09:00:00Z "
    lines[2]["id"] = "still no number"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, lines[0].keys())
    writer.writeheader()
    writer.writerows([lines[0], lines[2]])
    replay = house.deliver(house.replay(job, out.getvalue(), CSV))
    assert house.employees()[1:] == [(2, '=Grace "H"', "2021-02-28")]
    reported = house.ask("GET", f"/jobs/{replay}").json()
    assert (reported["source"]["kind"], reported["parent_job_id"]) == ("replay", job)
    assert (reported["waybill"]["inserted"], reported["waybill"]["rejected"]) == (1, 1)
    assert house.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 2

    (again,) = house.rejects(replay)
    row = {"_reject_id": again["reject_id"], "id": 4}
    house.deliver(house.replay(replay, {"rows": [row]}))
    (left,) = house.rejects(job)
    row = {"_reject_id": left["reject_id"], "name": "Emmy", "job_id": None}
    house.deliver(house.replay(job, {"rows": [row]}))
    assert [line[0] for line in house.employees()] == [1, 2, 3, 4]
    assert house.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 0


def test_rows_of_a_later_file_stay(house: House) -> None:
    job = house.loaded(b"id,name,hire_dt,department_id,job_id\n1,Early,no date,,\n")
    house.loaded(b"1,Late,2022-01-01T00:00:00Z,,\n", "b.csv", 30)
    (reject,) = house.rejects(job)
    row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-01-01T00:00:00Z"}
    replay = house.deliver(house.replay(job, {"rows": [row]}))
    assert house.employees() == [(1, "Late", "2022-01-01")]
    assert house.ask("GET", f"/jobs/{replay}").json()["waybill"]["superseded"] == 1


@pytest.mark.parametrize("as_csv", [False, True])
def test_columns_that_the_file_lacked_keep_their_values(house: House, as_csv: bool) -> None:
    house.rows("INSERT INTO departments VALUES (7, 'Research') RETURNING id")
    house.loaded(b"id,name,hire_dt,department_id,job_id\n1,Ada,2021-01-01T00:00:00Z,7,\n")
    job = house.loaded(b"id,name,hire_dt\n1,Ada L.,no date\n", "b.csv", 30)
    (reject,) = house.rejects(job)
    assert reject["values"] == {"id": "1", "name": "Ada L.", "hire_dt": "no date"}
    row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-02-01T00:00:00Z"}
    if as_csv:
        text = house.ask("GET", f"/jobs/{job}/rejects", headers={"Accept": "text/csv"}).text
        corrected = text.replace("no date", "2021-02-01T00:00:00Z")
        house.deliver(house.replay(job, corrected, CSV))
    else:
        house.deliver(house.replay(job, {"rows": [row]}))
    assert house.employees() == [(1, "Ada L.", "2021-02-01")]
    assert house.rows("SELECT department_id FROM hired_employees") == [(7,)]


def test_a_column_that_the_file_lacked_can_be_corrected_to_null(house: House) -> None:
    house.rows("INSERT INTO departments VALUES (7, 'Research') RETURNING id")
    house.loaded(b"id,name,hire_dt,department_id,job_id\n1,Ada,2021-01-01T00:00:00Z,7,\n")
    job = house.loaded(b"id,name,hire_dt\n1,Ada,no date\n", "b.csv", 30)
    (reject,) = house.rejects(job)
    row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-02-01T00:00:00Z"}
    house.deliver(house.replay(job, {"rows": [{**row, "department_id": None}]}))
    assert house.rows("SELECT department_id FROM hired_employees") == [(None,)]


def test_ids_that_do_not_remain_are_refused_by_name(house: House) -> None:
    job = house.loaded()
    one, other = (reject["reject_id"] for reject in house.rejects(job)[:2])
    strange = str(uuid4())
    row = {"_reject_id": one, "hire_dt": "2021-02-28T09:00:00Z"}
    response = house.replay(job, {"rows": [row, {"_reject_id": strange}]})
    assert response.problem() == (422, "not-replayable")
    (error,) = response.json()["errors"]
    assert error["pointer"] == "/rows/1/_reject_id"
    assert strange in error["message"]
    assert house.replay(job, {"rows": [row]}).status == 202
    assert house.replay(job, {"rows": [row]}).problem() == (422, "not-replayable")
    assert house.replay(job, {"rows": [{"_reject_id": other}]}).status == 202
    unknown = house.replay(str(UUID(int=7)), {"rows": [row]})
    assert unknown.problem() == (404, "unknown-job")


def test_a_replay_that_could_not_land_can_be_sent_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = house.loaded()
    body = {"rows": [{"_reject_id": house.rejects(job)[0]["reject_id"]}]}
    with monkeypatch.context() as away:
        away.setattr("waybill.state.tickets.Tickets.put", _away)
        assert house.replay(job, body).problem() == (503, "storage-unavailable")
    assert house.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 3
    assert house.replay(job, body).status == 202


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
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = house.loaded()
    (reject, *_) = house.rejects(job)
    row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-02-28T09:00:00Z"}

    def kill(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(Tickets, "put", kill)
    with pytest.raises(Killed):
        house.replay(job, {"rows": [row]})
    ((replay,),) = house.rows("SELECT job_id FROM waybill.ingestion_jobs WHERE kind = 'replay'")
    deadlines = StateBucket(house.cloud.s3, STATE).deadlines.passed(
        datetime.now(UTC) + timedelta(hours=2)
    )
    assert replay in map(job_of_deadline, deadlines)


def test_invalid_requests_are_refused(house: House) -> None:
    job = house.loaded()
    for rows, error in WRONG:
        response = house.replay(job, {"rows": rows})
        assert response.problem() == (422, "invalid-request"), rows
        assert [(f["pointer"], f["code"]) for f in response.json()["errors"]] == [error]
    for text in ("", "_reject_id\n", "_reject_id,id\nx\n", "_reject_id,_reject_id\na,b\n", '"a'):
        assert house.replay(job, text, CSV).problem() == (400, "malformed-body"), text
    assert house.replay(job, "[]").problem() == (400, "malformed-json")
    response = house.replay(job, "x", {"Content-Type": "text/plain"})
    assert response.problem() == (415, "unsupported-media")


def test_a_blank_correction_is_read_and_rejected_again(house: House) -> None:
    job = house.loaded(b"id,name,hire_dt,department_id,job_id\nx,,,,\n")
    (reject,) = house.rejects(job)
    row = {"_reject_id": reject["reject_id"], "id": None}
    replay = house.deliver(house.replay(job, {"rows": [row]}))
    waybill = house.ask("GET", f"/jobs/{replay}").json()["waybill"]
    assert (waybill["read"], waybill["rejected"]) == (1, 1)
    assert house.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 1
