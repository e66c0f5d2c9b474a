"""Staged jobs, and the messages that trigger their merges."""

from typing import Any, NamedTuple
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from functions.pipeline.merge.handler import handle
from tests.cloud.lambda_events import Context, sqs_event
from tests.postgres.databases import Connection
from waybill.ids import new_id
from waybill.messages import MergeMessage, ResolvePendingMessage

DEPARTMENTS = ("id", "department")
EMPLOYEES = ("id", "name", "hire_dt", "department_id", "job_id")


class Staged(NamedTuple):
    """Makes staged jobs as `plan` and `load` do."""

    admin: Connection

    def job(
        self,
        dataset: str,
        columns: tuple[str, ...],
        rows: list[tuple[Any, ...]],
        *,
        second: int = 0,
    ) -> UUID:
        job_id = self._loading(dataset, columns, second, len(rows))
        stage = sql.Identifier("staging", f"s_{job_id.hex}")
        names = sql.SQL(", ").join(
            map(sql.Identifier, ("_waybill_chunk", "_waybill_line", *columns))
        )
        holes = sql.SQL(", ").join([sql.Placeholder()] * (len(columns) + 2))
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(stage, names, holes)
        for line, row in enumerate(rows, 1):
            self.admin.execute(insert, (0, line, *row))
        self.admin.execute(
            "SELECT waybill.finish_chunk(%s, 0, %s, %s, 0, NULL)", (job_id, len(rows), len(rows))
        )
        return job_id

    def _loading(self, dataset: str, columns: tuple[str, ...], second: int, count: int) -> UUID:
        job_id = new_id()
        key = f"landing/{dataset}/{job_id}/f.csv"
        self.admin.execute(
            "SELECT waybill.register_object(NULL, %s, %s, 'b', %s, 'v', 'e', %s, 'f.csv',"
            " timestamptz '2026-03-01T10:00:00Z' + make_interval(secs => %s), '{}')",
            (job_id, dataset, key, 10 * count, second),
        )
        layout = {"delimiter": ",", "header": False, "columns": columns}
        self.admin.execute(
            "SELECT waybill.start_loading(%s, %s)",
            (job_id, Jsonb({**layout, "data_offset": 0, "first_line": 1})),
        )
        chunk = {"chunk": 0, "byte_from": 0, "byte_to": 10 * count, "first_line": 1}
        self.admin.execute("SELECT waybill.add_chunks(%s, %s)", (job_id, Jsonb([chunk])))
        self.admin.execute("SELECT waybill.finish_plan(%s, 1, NULL)", (job_id,))
        return job_id

    def state(self, job_id: UUID) -> str:
        found = self.admin.execute(
            "SELECT state FROM waybill.ingestion_jobs WHERE job_id = %s", (job_id,)
        ).fetchone()
        assert found
        return str(found[0])

    def runs(self, job_id: UUID) -> list[str]:
        rows = self.admin.execute(
            "SELECT step || ' ' || outcome FROM waybill.job_runs WHERE job_id = %s ORDER BY run_id",
            (job_id,),
        )
        return [row[0] for row in rows]


def deliver(*messages: MergeMessage | ResolvePendingMessage) -> list[Any]:
    bodies = [message.model_dump_json() for message in messages]
    return handle(sqs_event(*bodies), Context())["batchItemFailures"]
