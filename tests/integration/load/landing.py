"""Land and plan a file as the step `plan` does, for tests of the step `load`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.stage_chunk import stage_chunk
from tests.cloud.fixtures import LANDING, Cloud
from tests.postgres.databases import Connection
from waybill.contract.model import Contract
from waybill.database.chunks import ChunkId, PlannedChunk
from waybill.ids import new_id
from waybill.records.chunking import chunk_ranges
from waybill.records.sniffer import sniff_layout


class Landing(NamedTuple):
    """The step under test, the connections of an administrator and of `plan`, and the cloud."""

    deps: Deps
    admin: Connection
    planner: Connection
    cloud: Cloud

    def land(
        self,
        data: bytes,
        *,
        chunk_bytes: int = 1 << 26,
        dataset: str = "kinds",
        cuts: Sequence[int] = (),
    ) -> UUID:
        """A job of a file with these bytes, ready to be staged.

        With `cuts` it is ranges to be surveyed, which begin with these bytes but for the first.
        """
        key = f"landing/{dataset}/{new_id()}.csv"
        put = self.cloud.s3.put_object(Bucket=LANDING, Key=key, Body=data)
        (job,) = self.planner.execute(
            "SELECT job_id FROM waybill.register_object(NULL, %s, %s, %s, %s, %s, %s, %s, 'f.csv',"
            " %s, '{}')",
            (
                *(new_id(), dataset, LANDING, key, put["VersionId"], put["ETag"], len(data)),
                datetime.now(UTC),
            ),
        ).fetchone() or (None,)
        self._plan(job, data, chunk_bytes, cuts)
        assert isinstance(job, UUID)
        return job

    def _plan(self, job: object, data: bytes, chunk_bytes: int, cuts: Sequence[int]) -> None:
        def call(statement: str, *given: object) -> object:
            row = self.planner.execute(statement.encode(), given).fetchone()
            return row and row[0]

        contract = Contract.model_validate(call("SELECT waybill.contract_of_job(%s)", job))
        layout = sniff_layout(data, contract, whole=True)
        begin, first = layout.data_offset, layout.first_line
        if cuts:
            places = pairwise([begin, *cuts, len(data)])
            ranges = [PlannedChunk(number, *each, None) for number, each in enumerate(places)]
            ranges[0] = ranges[0]._replace(start_line=first)
        else:
            found = chunk_ranges(iter([data[begin:]]), layout, chunk_bytes)
            ranges = [PlannedChunk(number, *each) for number, each in enumerate(found)]
        chunks = [each._asdict() for each in ranges]
        call("SELECT waybill.start_loading(%s, %s)", job, Jsonb(layout.model_dump()))
        call("SELECT waybill.add_chunks(%s, %s)", job, Jsonb(chunks))
        call("SELECT waybill.finish_plan(%s, %s, NULL)", job, len(chunks))

    def stage(self, job: UUID, chunk: int = 0) -> None:
        """Stage a chunk of it."""
        stage_chunk(self.deps, ChunkId(job, chunk))

    def chunks(self, job: UUID) -> list[dict[str, Any]]:
        """The job's chunks in order."""
        return self._dicts("waybill.chunks", "job_id = %s", "chunk", job)

    def staged(self, job: UUID) -> list[dict[str, Any]]:
        """The staging table's rows by line, as PostgreSQL writes them."""
        (name,) = self.admin.execute("SELECT waybill.stage_name(%s)", (job,)).fetchone() or ("",)
        return self._dicts(f"staging.{name}", "true", "_waybill_line")

    def rejects(self, job: UUID) -> list[dict[str, Any]]:
        """The job's rejects by line."""
        return self._dicts("waybill.validation_errors", "job_id = %s", "line", job)

    def job(self, job: UUID) -> dict[str, Any]:
        """The job's row."""
        (found,) = self._dicts("waybill.ingestion_jobs", "job_id = %s", "job_id", job)
        return found

    def runs(self, job: UUID) -> Iterator[str]:
        """How each attempt ended."""
        return (
            run["outcome"] for run in self._dicts("waybill.job_runs", "job_id = %s", "run_id", job)
        )

    def _dicts(self, table: str, where: str, order: str, *given: object) -> list[dict[str, Any]]:
        source = f"{table} AS entry WHERE {where} ORDER BY {order}"
        statement = f"SELECT to_jsonb(entry) FROM {source}"
        return [row[0] for row in self.admin.execute(statement.encode(), given).fetchall()]
