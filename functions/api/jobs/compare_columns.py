"""Compare the columns of a job's file with those of the load before it."""

from typing import Any
from uuid import UUID

from functions.api.jobs.deps import Deps
from waybill.database.jobs import Jobs


def compare_columns(deps: Deps, job_id: UUID) -> dict[str, Any]:
    """The statistics of the columns; no items before the job has ended, and for batches.

    Raises:
        NotFound: `unknown-job`.
        Unavailable: the database cannot be reached.
    """
    deps.dataset_of(job_id)
    found = deps.reads_of(job_id).run(lambda connection: Jobs(connection).compare_columns(job_id))
    # An upload whose file has not arrived is not in the database.
    return found or {"compared_with": None, "items": []}
