"""Runs: attempts of a step at a job."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from uuid import UUID

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository

Outcome = Literal["ok", "rejected", "retry"]


class ListedRun(NamedTuple):
    """A run as the API shows it."""

    run_id: int
    document: dict[str, Any]


class Runs(Repository):
    """One row for every attempt."""

    def start(self, job_id: UUID, step: str, chunk: int | None = None) -> int:
        """Record that an attempt begins; its id."""
        return self._value(int, "start_run", p_job=job_id, p_step=step, p_chunk=chunk)

    def count_killed(self, job_id: UUID, step: str, chunk: int | None = None) -> int:
        """The attempts that were killed before they could record an end."""
        return self._value(int, "count_killed_runs", p_job=job_id, p_step=step, p_chunk=chunk)

    def count_failed(self, job_id: UUID, step: str, chunk: int | None, problem_type: str) -> int:
        """The attempts since the last successful one that failed with this type of problem."""
        return self._value(
            int, "count_failed_runs", p_job=job_id, p_step=step, p_chunk=chunk, p_type=problem_type
        )

    def end(
        self, run_id: int, outcome: Outcome, problem: Mapping[str, object] | None = None
    ) -> None:
        """Record how the attempt ended. One that was killed stays without an end."""
        error = None if problem is None else jsonb(problem)
        self._do("end_run", p_run=run_id, p_outcome=outcome, p_problem=error)

    def list_page(self, job_id: UUID, *, after: int, limit: int) -> list[ListedRun]:
        """Runs of the job, in order, after the run `after`."""
        return self._select(ListedRun, "jobs.list_runs", job_id=job_id, after=after, rows=limit)
