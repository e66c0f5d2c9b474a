"""Add the audit entries of functions that have no connection to the log."""

from functions.pipeline.reap.deps import Deps
from waybill.database.audit import Audit


def add_audit_entries(deps: Deps) -> int:
    """Add up to 1,000 entries, the oldest first; how many were not there yet.

    An entry that is added again after a failure is the same one, by its id.

    Raises:
        Unavailable: the database or S3 cannot be reached.
    """
    keys = deps.state.audit.keys()
    if not keys:
        return 0
    added = Audit(deps.connection).add(deps.state.audit.read(keys))
    deps.state.audit.delete(keys)
    return added
