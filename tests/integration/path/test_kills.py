"""A step that is killed before or after any call leaves the tables as if it had not run."""

import pytest

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.killer import Killed, Killer
from tests.integration.path.steps import FUNCTIONS, land, settle
from tests.postgres.databases import Connection

ROWS = 12


def body_of(trial: int) -> bytes:
    first = 1000 * trial
    return b"".join(b"%d,Department %d\n" % (n, n) for n in range(first, first + ROWS))


def kill_once(cloud: Cloud, step: str, killer: Killer, call: int, *, unseen: bool) -> bool:
    """Handle what is in the step's queue, killed on the way; False if it got through first."""
    records = cloud.take(step)
    killer.arm(call, unseen=unseen)
    try:
        for record in records:
            FUNCTIONS[step]({"Records": [record]}, Context())
    except Killed:
        killer.revive()
        for record in records:
            # It becomes visible again.
            cloud.sqs.send_message(QueueUrl=cloud.queues[step], MessageBody=record["body"])
        return True
    killer.revive()
    return False


def advance(cloud: Cloud, step: str) -> None:
    """Do what comes before the step."""
    for earlier in list(FUNCTIONS)[: list(FUNCTIONS).index(step)]:
        for record in cloud.take(earlier):
            FUNCTIONS[earlier]({"Records": [record]}, Context())


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("step", list(FUNCTIONS))
def test_a_kill_at_any_call_loses_nothing(
    admin: Connection,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    unseen: bool,
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "150")
    killer = Killer(monkeypatch)
    call = 0
    killed = True
    while killed:
        assert call < 200
        land(cloud, "departments", f"{call}.csv", body_of(call), second=call % 60)
        advance(cloud, step)
        killed = kill_once(cloud, step, killer, call, unseen=unseen)
        settle(cloud)
        _assert_loaded_once(admin, cloud, call)
        call += 1
    assert call > 5


def _assert_loaded_once(admin: Connection, cloud: Cloud, trial: int) -> None:
    job = admin.execute(
        "SELECT job_id::text, state, read, inserted FROM waybill.ingestion_jobs"
        " WHERE filename = %s",
        (f"{trial}.csv",),
    ).fetchall()
    assert [row[1:] for row in job] == [("COMPLETED", ROWS, ROWS)], trial
    count = admin.execute(
        "SELECT count(*) FROM departments WHERE id / 1000 = %s", (trial,)
    ).fetchone()
    assert count == (ROWS,)
    assert job[0][0] in {detail["job_id"] for detail in cloud.reported()}
    left = admin.execute(
        "SELECT count(*) FROM pg_class WHERE relname LIKE 's_%'"
        " AND relnamespace = 'staging'::regnamespace"
    ).fetchone()
    assert left == (0,)
