"""Two live attempts at one message, by construction: the first is held at a call, the second runs.

Every call to PostgreSQL or AWS of an attempt is a place to hold it, before the call or after it
took effect; all of them are tried in turn. The message is visible again meanwhile, so a second
worker takes it, and only then does the first go on.
"""

import itertools
from typing import Final

from tests.postgres.databases import Database
from tests.stateful.fake_cloud import FakeCloud
from tests.stateful.faults import Fault
from tests.torture.figures import Figures
from tests.torture.loads import Load, load_into

_RECORDS: Final = 60
_CHUNK_BYTES: Final = 200
STEPS: Final = {"landed": "plan", "chunks": "load", "merges": "merge"}


def overlap_attempts(database: Database, figures: Figures, queue: str) -> None:
    """Hold an attempt at a message of `queue` at every call in turn, while a second one runs.

    Counts the overlaps, and how often the second attempt was refused while the first was live.
    """
    with load_into(database, figures, chunk_bytes=_CHUNK_BYTES) as load:
        for call in itertools.count():
            held = [_overlap(load, figures, queue, call, unseen) for unseen in (False, True)]
            if not any(held):
                break
        figures.faults[f"{STEPS[queue]}: attempt refused, another is live"] += _refusals(
            database, STEPS[queue]
        )


def _overlap(load: Load, figures: Figures, queue: str, call: int, unseen: bool) -> bool:
    """One file, with one attempt held at the call; whether there was such a call."""
    cloud = load.cloud
    load.land(_RECORDS)
    _advance(cloud, queue)
    cloud.deliver(queue, 0, Fault(call, unseen, suspends=True))
    held = bool(cloud.suspended)
    if held:
        figures.faults[f"{STEPS[queue]}: two live attempts"] += 1
        # The message that became visible again is the last of its queue.
        cloud.deliver(queue, len(cloud.queues[queue]) - 1)
    load.settle()
    return held


def _advance(cloud: FakeCloud, queue: str) -> None:
    """Deliver what comes before the first message of `queue`."""
    for earlier in itertools.takewhile(lambda name: name != queue, STEPS):
        while cloud.queues[earlier]:
            cloud.deliver(earlier, 0)


def _refusals(database: Database, step: str) -> int:
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        row = admin.execute(
            "SELECT count(*) FROM waybill.job_runs"
            " WHERE step = %s AND outcome = 'retry' AND error ->> 'type' = 'database-busy'",
            (step,),
        ).fetchone()
    return int(row[0]) if row else 0
