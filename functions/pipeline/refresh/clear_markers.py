"""Deletes the wake-up markers of jobs with nothing left to do."""

from collections.abc import Sequence

from functions.pipeline.refresh.deps import Deps
from waybill.database.refreshes import Refreshes
from waybill.state.markers import job_of_marker


def clear_markers(deps: Deps, listed: Sequence[str]) -> list[str]:
    """Delete the markers that were listed before the refresh and whose jobs are settled.

    A marker is put before its job's merge, so it may stand for a change that is not committed
    or not published yet. Such a marker stays, and so does every marker put since the listing. A
    marker that names no job only requested this refresh.

    Returns:
        The keys of the deleted markers.
    """
    jobs = {key: job for key in listed if (job := job_of_marker(key))}
    settled = Refreshes(deps.connection).settled_jobs(list(jobs.values()))
    done = [key for key in listed if key not in jobs or jobs[key] in settled]
    deps.state.markers.delete(done)
    return done
