"""Emulates S3's events, runs of sources and Lambda's polling, until the queues are empty."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from psycopg import sql
from psycopg.types.json import Jsonb

from functions.pipeline.load.handler import handle as load
from functions.pipeline.merge.handler import handle as merge
from functions.pipeline.plan.handler import handle as plan
from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import Context, object_created
from tests.postgres.databases import Connection
from waybill.consumer import BatchResponse

Handler = Callable[[Mapping[str, Any], LambdaContext], BatchResponse]
FUNCTIONS: Mapping[str, Handler] = {"landed": plan, "chunks": load, "merges": merge}


def land(cloud: Cloud, dataset: str, name: str, body: bytes, *, second: int = 0) -> None:
    """Write an object into the landing bucket, and tell of it as S3 does."""
    key = f"landing/{dataset}/{name}"
    response = cloud.s3.put_object(Bucket=LANDING, Key=key, Body=body)
    time = f"2026-03-01T10:00:{second:02}Z"
    event = object_created(LANDING, key, response, len(body), time=time)
    cloud.sqs.send_message(QueueUrl=cloud.queues["landed"], MessageBody=json.dumps(event))


def pull_next(admin: Connection, dataset: str, rules: Mapping[str, Any], filename: str) -> None:
    """Let the file of this name be pulled from a source of the dataset with these rules.

    The run is recorded before its file is planned, as the extractor does.
    """
    admin.execute(
        "INSERT INTO waybill.data_sources (name, kind, connection, dataset, transformation)"
        " VALUES ('clinic', 's3', '{}', %s, %s)",
        (dataset, Jsonb(rules)),
    )
    admin.execute(
        "CREATE FUNCTION record_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO waybill.source_runs (job_id, source_id, name, transformation)"
        " SELECT new.job_id, source_id, name, transformation FROM waybill.data_sources;"
        " RETURN new; END $$"
    )
    admin.execute(
        sql.SQL(
            "CREATE TRIGGER record_run AFTER INSERT ON waybill.ingestion_jobs"
            " FOR EACH ROW WHEN (new.filename = {}) EXECUTE FUNCTION record_run()"
        ).format(filename)
    )


def settle(cloud: Cloud, *, rounds: int = 50) -> None:
    """Deliver every message to its step, one an invocation, until none is left."""
    for _ in range(rounds):
        taken = {name: cloud.take(name) for name in FUNCTIONS}
        for name, records in taken.items():
            for record in records:
                response = FUNCTIONS[name]({"Records": [record]}, Context())
                assert response == {"batchItemFailures": []}, record["body"]
        if not any(cloud.waiting(name) for name in FUNCTIONS):
            return
    raise AssertionError(f"still waiting: { {name: cloud.waiting(name) for name in FUNCTIONS} }")
