"""A dataset with personal columns and a composite key that only these tests know."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from functions.api.batch.handler import handle as batch
from functions.api.documents.handler import handle as documents
from functions.api.jobs.handler import handle as jobs
from functions.api.lookups.handler import handle as lookups
from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import object_event
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner
from tests.unit.http.api_client import ADMIN, ApiResponse, Handle, call
from waybill.http.principal import Principal

TABLES = """
CREATE TABLE wards (ward integer PRIMARY KEY);
SELECT waybill.register_dataset('wards');
INSERT INTO wards VALUES (1);
CREATE TABLE patients (
    clinic text,
    chart integer,
    surname text NOT NULL,
    born date,
    "e mail" text CHECK ("e mail" LIKE '%@%'),
    domain text GENERATED ALWAYS AS (split_part("e mail", '@', 2)) STORED,
    visits integer,
    ward integer REFERENCES wards,
    PRIMARY KEY (clinic, chart)
);
CREATE INDEX patients_mail ON patients ("e mail");
SELECT waybill.register_dataset(
    'patients',
    personal => '{surname,born,e mail}',
    searchable => '{visits,e mail}',
    lookups => '{
        "mail": {"columns": ["e mail"], "index": "patients_mail"},
        "cached": {"columns": ["e mail"], "index": "patients_mail", "cached": true}}'
);
CREATE TABLE members (card text PRIMARY KEY, town text);
SELECT waybill.register_dataset('members', personal => '{card}', searchable => '{town}');
"""
HEADER = "clinic,chart,surname,born,e mail,visits,ward\n"
SECRETS = ("Lovelace", "1815-12-10", "ada@analytical.example", "analytical.example")
"""What only callers with the right may see."""
ADA = f"north,7,{SECRETS[0]},{SECRETS[1]},{SECRETS[2]},3,1\n"
MASK = "[masked]"
READER = ADMIN._replace(subject="a-reader", role="reader")
LOADER = ADMIN._replace(subject="a-loader", role="loader")
GRANTED = READER._replace(subject="a-doctor", personal=frozenset({"patients"}))
_HANDLERS: Mapping[str, tuple[Handle, str]] = {
    "batch": (batch, "waybill_batch"),
    "data": (documents, "waybill_documents"),
    "personal-data": (documents, "waybill_documents"),
    "jobs": (jobs, "waybill_jobs"),
    "datasets": (lookups, "waybill_lookups"),
}


class Patients(NamedTuple):
    """Sends requests as a caller and loads files, as the roles of the functions."""

    cloud: Cloud
    database: Database

    def ask(
        self,
        caller: Principal,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        handle, _ = _HANDLERS[target.split("/")[1].split("?", maxsplit=1)[0]]
        return call(handle, method, target, body, headers, caller=caller)

    def load(self, text: str, name: str = "a.csv", dataset: str = "patients") -> str:
        """Load a file; the id of its job."""
        land(self.cloud, dataset, name, text.encode())
        self.settle()
        ((job,),) = self.rows("SELECT job_id FROM waybill.ingestion_jobs WHERE filename = %s", name)
        return str(job)

    def deliver(self, response: ApiResponse) -> str:
        """Deliver the event of a replay's object and run the steps; the id of its job."""
        job = str(response.json()["job_id"])
        found = self.cloud.s3.list_objects_v2(Bucket=LANDING, Prefix=f"landing/patients/{job}/")
        key = found["Contents"][0]["Key"]
        event = object_event(self.cloud.s3, LANDING, key, time="2026-03-01T10:05:00Z")
        queue = self.cloud.queues["landed"]
        self.cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
        self.settle()
        return job

    def settle(self) -> None:
        """Run the steps until no message is left."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_USER", "pipeline")
            settle(self.cloud)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with owner(self.database) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []
