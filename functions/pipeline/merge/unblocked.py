"""Which jobs may continue after a call that ended one, or changed its rows."""

from uuid import UUID

from functions.pipeline.merge.deps import Deps
from waybill.database.merges import MergeResult, Merges
from waybill.outbox.publish_job_finished import UnblockedJobs


def unblocked_jobs(deps: Deps, job_id: UUID, result: MergeResult) -> UnblockedJobs:
    """Those of the result, and those whose turn it is now that it is committed.

    A job that was staged during the commit is not in the result, and found the call still running:
    without this it would wait until its message comes again.
    """
    changed = result.outcome == "merged"
    since = Merges(deps.connection).unblocked_since(job_id) if changed else ()
    return UnblockedJobs(sorted({*result.unblocked, *since}), result.pending)
