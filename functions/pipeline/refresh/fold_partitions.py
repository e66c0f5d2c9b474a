"""Makes one partition of those of a past month or year, step by step, while there is time."""

import time

from waybill import telemetry
from waybill.database.refreshes import Refreshes
from waybill.database.repository import Connection
from waybill.errors import Busy, Unavailable, WaybillError

# Most steps take a few seconds; an index of a large year takes longer.
_STEP_SECONDS = 60.0


def fold_partitions(connection: Connection, *, seconds: float) -> list[str]:
    """Fold partitions of history; what is left is done by later calls.

    Args:
        connection: as a role that may execute the refresh routines, in autocommit.
        seconds: the time limit; no step is begun less than a minute before it.

    Returns:
        What was folded, as `visits 2025`.
    """
    deadline = time.monotonic() + seconds
    refreshes = Refreshes(connection)
    folded = []
    while (left := deadline - time.monotonic()) > _STEP_SECONDS:
        refreshes.limit_statements(left)
        try:
            step = refreshes.fold_step()
        except (Busy, Unavailable) as busy:
            telemetry.action("partitions.busy", reason=busy.detail)
            break
        except WaybillError as failure:
            # It must not keep the refresh from its next run, nor be tried by each of them.
            telemetry.action("partitions.failed", level="error", reason=failure.detail)
            refreshes.give_up_fold()
            break
        if step is None:
            break
        if step.done == "folded":
            folded.append(f"{step.dataset} {step.period}")
        if step.done != "copied":
            telemetry.action(f"partitions.{step.done}", dataset=step.dataset, period=step.period)
    return folded
