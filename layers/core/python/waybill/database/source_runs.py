"""Runs of sources, in the ledger."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository
from waybill.sources.connections import SourceKind
from waybill.sources.extraction import Outcome
from waybill.states import JobState


class StartedRun(NamedTuple):
    """A run, and the source as it was when the run began."""

    job_id: UUID
    is_new: bool
    """False: the last run has not ended, and this is it."""
    state: str
    name: str
    kind: SourceKind
    connection: dict[str, Any]
    dataset: str
    retry: dict[str, Any]
    cursor: str | None


class SourceRuns(Repository):
    """The runs of the sources."""

    def start(self, source_id: UUID, job_id: UUID, expires_at: datetime) -> StartedRun:
        """Start a run of the source as this job, unless its last run has not ended.

        Raises:
            NotFound: `unknown-source`.
        """
        run = self._row(
            StartedRun,
            "start_source_run",
            p_source=source_id,
            p_job=job_id,
            p_expires_at=expires_at,
        )
        assert run is not None  # noqa: S101 - the routine returns one row
        return run

    def start_object(self, job_id: UUID, dataset: str, filename: str, expires_at: datetime) -> None:
        """Start a run that loads one object of another bucket.

        Raises:
            Rejected: `unknown-dataset`.
        """
        self._do(
            "start_object_run",
            p_job=job_id,
            p_dataset=dataset,
            p_filename=filename,
            p_expires_at=expires_at,
        )

    def record(self, job_id: UUID, outcome: Outcome) -> JobState:
        """Record what the run has done; the job's state.

        Raises:
            Rejected: `unknown-job`.
        """
        return self._value(
            JobState,
            "record_extraction",
            p_job=job_id,
            p_outcome=jsonb(outcome.model_dump(mode="json")),
        )

    def end_is_published(self, job_id: UUID) -> bool:
        """Whether the end of the run's job was published."""
        return self._value(bool, "end_is_published", p_job=job_id)
