"""The verb of the step: free, expire, send again, give up, tidy."""

from collections.abc import Callable, Mapping, Sequence

from functions.pipeline.reap.deps import Step
from functions.pipeline.reap.expire_uploads import expire_uploads
from functions.pipeline.reap.resend_messages import give_up, resend_messages
from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Unavailable, WaybillError


def reap(step: Step, due: Sequence[str]) -> dict[str, int]:
    """Do each of it once; how many were concerned, by what was done.

    What fails does not keep the rest from being done.

    Args:
        step: on a connection as the role of the loaders, which may end its own backends.
        due: keys of uploads that are over.

    Raises:
        Unavailable: the database went away.
        WaybillError: the first failure, once the rest is done.
    """
    done: dict[str, int] = {}
    failures: list[WaybillError] = []
    for name, action in _actions(step, due).items():
        try:
            done[name] = action()
        except Unavailable:
            raise
        except WaybillError as failure:
            telemetry.action("reap.failed", level="error", what=name, detail=failure.detail)
            failures.append(failure)
    if failures:
        raise failures[0]
    return done


def _actions(step: Step, due: Sequence[str]) -> Mapping[str, Callable[[], int]]:
    # First what frees something that the others wait for.
    return {
        "copies_ended": lambda: _ask(step, "end_stalled_copies", step.settings.copy_minutes),
        "runs_abandoned": lambda: _ask(step, "abandon_runs"),
        "uploads_expired": lambda: expire_uploads(step, due),
        "jobs_given_up": lambda: give_up(step),
        "jobs_sent_again": lambda: resend_messages(step),
        "stages_dropped": lambda: _ask(step, "drop_orphan_stages"),
        "rows_forgotten": lambda: _ask(step, "forget_old"),
    }


def _ask(step: Step, name: str, minutes: int | None = None) -> int:
    given = {} if minutes is None else {"minutes": minutes}
    with translating_db_errors():
        count: int = getattr(queries("reap"), name)(step.connection, **given)
    return count
