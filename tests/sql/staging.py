"""Drive the ledger as the plan, load and merge steps do, without S3: records as tuples."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
from psycopg import sql

from tests.postgres.databases import Connection, Database
from waybill.columns.stage import stage_type
from waybill.columns.summary import Summary
from waybill.contract.model import Contract
from waybill.ids import new_id

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
Records = Sequence[Sequence[Any]]


class Ledger:
    """Jobs of one database, as the role of the loader."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.loader: Connection = database.connect("pipeline")
        self.api: Connection = database.connect("api")
        self.admin: Connection = database.connect()
        self.sums_up = False

    def close(self) -> None:
        self.loader.close()
        self.api.close()
        self.admin.close()

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.admin.execute(statement.encode(), parameters).fetchall()

    def land(
        self,
        dataset: str,
        at: float,
        key: str | None = None,
        *,
        version: str = "v",
        sequencer: str = "",
    ) -> UUID:
        """Register an object that landed `at` seconds after the beginning."""
        name = key or f"landing/{dataset}/{uuid4()}.csv"
        landed_at = BEGINNING + timedelta(seconds=at)
        job, *_ = self.loader.execute(
            "SELECT * FROM waybill.register_object(NULL, %s, %s, 'b', %s, %s, 'e', 1, 'f', %s,"
            " '{}', %s)",
            (new_id(), dataset, name, version, landed_at, sequencer),
        ).fetchone() or (None,)
        assert isinstance(job, UUID)
        return job

    def contract(self, dataset: str) -> dict[str, Any]:
        row = self.admin.execute("SELECT waybill.contract(%s)", (dataset,)).fetchone()
        assert row is not None
        return dict(row[0])

    def stage(
        self, job: UUID, dataset: str, records: Records, *, columns: Sequence[str] | None = None
    ) -> None:
        """Stage records (texts or values, None for null; line = place) in one chunk."""
        contract = self.contract(dataset)
        names = [column["name"] for column in contract["columns"]]
        given = list(columns or names)
        layout = json.dumps({"columns": given})
        self.loader.execute("SELECT waybill.start_loading(%s, %s)", (job, layout))
        ((size,),) = self.rows(
            "SELECT size_bytes FROM waybill.ingestion_jobs WHERE job_id = %s", job
        )
        chunks = json.dumps([{"chunk": 0, "byte_from": 0, "byte_to": size, "first_line": 1}])
        self.loader.execute("SELECT waybill.add_chunks(%s, %s)", (job, chunks))
        self.loader.execute("SELECT waybill.finish_plan(%s, 1, NULL)", (job,))
        self.stage_chunk(job, given, contract["keeps_raw"], records)

    def stage_chunk(
        self, job: UUID, given: Sequence[str], keeps_raw: bool, records: Records
    ) -> None:
        with self.loader.transaction():
            claim = self.loader.execute(
                "SELECT to_jsonb(c) FROM waybill.claim_chunk(%s, 0) AS c", (job,)
            ).fetchone()
            assert claim is not None
            assert claim[0]["status"] == "todo"
            self._copy(claim[0], given, keeps_raw, records)
            n = len(records)
            summary = _summary(claim[0]["contract"], given, records) if self.sums_up else None
            self.loader.execute(
                "SELECT waybill.finish_chunk(%s, 0, %s, %s, 0, NULL, p_summary => %s)",
                (job, n, n, summary),
            )

    def _copy(
        self, claim: Mapping[str, Any], given: Sequence[str], keeps_raw: bool, records: Records
    ) -> None:
        raw = ["_waybill_raw"] if keeps_raw else []
        statement = sql.SQL("COPY {}.{} ({}) FROM STDIN").format(
            sql.Identifier(claim["stage_schema"]),
            sql.Identifier(claim["stage_table"]),
            sql.SQL(", ").join(
                map(sql.Identifier, ["_waybill_chunk", "_waybill_line", *given, *raw])
            ),
        )
        with self.loader.cursor() as cursor, cursor.copy(statement) as copy:
            for line, record in enumerate(records, 1):
                text = [",".join("" if cell is None else str(cell) for cell in record)]
                copy.write_row((0, line, *record, *(text if keeps_raw else [])))

    def declare(self, statement: str) -> None:
        """Execute a statement as the owner, as a dataset's file does."""
        self.admin.execute("SET ROLE waybill_owner")
        self.admin.execute(statement.encode())
        self.admin.execute("RESET ROLE")

    def merge(self, job: UUID) -> dict[str, Any]:
        row = self.loader.execute(
            "SELECT to_jsonb(r) FROM waybill.merge_job(%s) AS r", (job,)
        ).fetchone()
        assert row is not None
        return dict(row[0])

    def resolve(self, job: UUID) -> dict[str, Any]:
        row = self.loader.execute(
            "SELECT to_jsonb(r) FROM waybill.resolve_pending(%s) AS r", (job,)
        ).fetchone()
        assert row is not None
        return dict(row[0])

    def load(
        self,
        dataset: str,
        at: float,
        records: Records,
        *,
        columns: Sequence[str] | None = None,
        key: str | None = None,
    ) -> UUID:
        """Land, stage and merge in one go."""
        job = self.land(dataset, at, key)
        self.stage(job, dataset, records, columns=columns)
        response = self.merge(job)
        assert response["outcome"] == "merged", response
        return job

    def waybill(self, job: UUID) -> dict[str, int]:
        """The numbers that are not zero; that they add up is asserted each time."""
        names = ["read", "inserted", "updated", "unchanged", "superseded", "filtered", "rejected"]
        names.append("pending_reference")
        (row,) = self.rows(
            f"SELECT {', '.join(names)} FROM waybill.ingestion_jobs WHERE job_id = %s", job
        )
        numbers = dict(zip(names, row, strict=True))
        assert numbers["read"] == sum(numbers.values()) - numbers["read"]
        return {name: number for name, number in numbers.items() if number}

    def state(self, job: UUID) -> str:
        """The job's state."""
        ((found,),) = self.rows("SELECT state FROM waybill.ingestion_jobs WHERE job_id = %s", job)
        return str(found)

    def rejects(self, job: UUID) -> list[tuple[int, str, list[str]]]:
        """(line, raw, codes) of each reject, by line."""
        return [
            (line, bytes(raw).decode(), [error["code"] for error in errors])
            for line, raw, errors in self.rows(
                "SELECT line, raw, errors FROM waybill.validation_errors WHERE job_id = %s"
                " ORDER BY line",
                job,
            )
        ]

    def row_by_row(self, job: UUID) -> bool:
        """Whether the merge had to write record by record."""
        ((found,),) = self.rows(
            "SELECT row_by_row FROM waybill.ingestion_jobs WHERE job_id = %s", job
        )
        return bool(found)


def _summary(contract: dict[str, Any], given: Sequence[str], records: Records) -> str:
    """What a loader says of these records."""
    parsed = Contract.model_validate(contract)
    columns = {}
    for column in parsed.columns:
        place = given.index(column.name) if column.name in given else None
        cells = [None if place is None else record[place] for record in records]
        texts = pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
        columns[column.name] = texts.cast(stage_type(column))
    summary = Summary(parsed)
    summary.add(pa.record_batch(columns))
    return json.dumps(summary.result())
