"""Frees, expires, resends, gives up and tidies, in this order."""

from collections.abc import Callable, Mapping, Sequence

from functions.pipeline.reap.add_audit_entries import add_audit_entries
from functions.pipeline.reap.delete_copies import delete_copies
from functions.pipeline.reap.deps import Deps
from functions.pipeline.reap.expire_objects import expire_objects
from functions.pipeline.reap.expire_uploads import expire_uploads
from functions.pipeline.reap.give_up import give_up
from functions.pipeline.reap.resend_messages import resend_messages
from waybill import telemetry
from waybill.database.audit import Audit
from waybill.database.reaper import Reaper
from waybill.errors import Unavailable, WaybillError


def reap(deps: Deps, passed: Sequence[str]) -> dict[str, int]:
    """Run every action once. Returns a count per action.

    An action that fails does not stop the others.

    Args:
        deps: with a connection as the loaders' role, which may end its own backends.
        passed: keys of the deadlines that have passed.

    Raises:
        Unavailable: the connection was lost.
        WaybillError: the first failure, after all other actions.
    """
    counts: dict[str, int] = {}
    failures: list[WaybillError] = []
    for name, action in _actions(deps, passed).items():
        try:
            counts[name] = action()
        except Unavailable:
            raise
        except WaybillError as failure:
            telemetry.action("reap.failed", level="error", what=name, detail=failure.detail)
            failures.append(failure)
    if failures:
        raise failures[0]
    return counts


def _actions(deps: Deps, passed: Sequence[str]) -> Mapping[str, Callable[[], int]]:
    reaper = Reaper(deps.connection)
    # First whatever frees a lock or a chunk that the others wait for.
    return {
        "copies_ended": lambda: reaper.end_stalled_copies(deps.settings.copy_minutes),
        "runs_abandoned": reaper.abandon_runs,
        "uploads_expired": lambda: expire_uploads(deps, passed),
        "jobs_given_up": lambda: give_up(deps),
        "jobs_sent_again": lambda: resend_messages(deps),
        "stages_dropped": reaper.drop_orphan_stages,
        "rows_purged": reaper.purge_expired,
        "objects_marked": lambda: expire_objects(deps),
        # After it: the deadlines of erasures are deleted when both are done.
        "copies_deleted": lambda: delete_copies(deps, passed),
        "audit_entries_added": lambda: add_audit_entries(deps),
        "audit_partitions_dropped": Audit(deps.connection).maintain,
    }
