"""Files of employees with rejects, and the requests that replay them."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import object_event
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Database
from tests.unit.http.api_client import ApiResponse

EMPLOYEES = (
    b"1,Ada Lovelace,2021-01-05T09:00:00Z,,\n"
    b'2,"=Grace ""H""",2021-02-30T09:00:00Z,,\n'
    b"3,,2021-07-05T09:00:00Z,,\n"
    b"x,Alan Turing,2022-02-03T09:00:00Z,,\n"
)
CSV = {"Content-Type": "text/csv; charset=utf-8"}


class Replays(NamedTuple):
    """Load files of employees, read their rejects and replay them."""

    cloud: Cloud
    database: Database
    ask: Callable[..., ApiResponse]
    dataset: str = "hired_employees"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            connection.execute("SET ROLE waybill_owner")
            return connection.execute(statement.encode()).fetchall()

    def employees(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT id, name, hire_dt::date::text FROM hired_employees ORDER BY id")

    def loaded(self, body: bytes = EMPLOYEES, name: str = "a.csv", second: int = 0) -> str:
        land(self.cloud, self.dataset, name, body, second=second)
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
        """Deliver the event of the replay's object and run the steps; the id of its job."""
        assert response.status == 202, response.text
        job = response.json()["job_id"]
        assert response.headers["Location"].endswith(f"/jobs/{job}")
        found = self.cloud.s3.list_objects_v2(
            Bucket=LANDING, Prefix=f"landing/{self.dataset}/{job}/"
        )
        (landed,) = found["Contents"]
        event = object_event(self.cloud.s3, LANDING, landed["Key"], time="2026-03-01T10:05:00Z")
        queue = self.cloud.queues["landed"]
        self.cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_USER", "pipeline")
            settle(self.cloud)
        return str(job)
