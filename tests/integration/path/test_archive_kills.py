"""An archive whose unpacking is killed before or after any call is loaded once, in order."""

import random

import pytest

from tests.cloud.archive_files import tar_gz, zipped
from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.archives import MemberEvents, document, settle_archives
from tests.integration.path.killer import Killed, Killer
from tests.integration.path.steps import FUNCTIONS, land
from tests.postgres.databases import Connection

_KILLS = 9


def files(trial: int) -> dict[str, bytes]:
    first = 10 * trial
    return {
        f"{trial}-a.csv": b"%d,First\n%d,Both\n" % (first, first + 1),
        "skipped/": b"",
        f"{trial}-b.csv": b"%d,Last\n%d,Other\nx,\n" % (first + 1, first + 2),
    }


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("pack", [zipped, tar_gz])
def test_a_killed_unpacking_is_resumed(
    admin: Connection,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    pack: object,
    unseen: bool,
) -> None:
    assert callable(pack)
    killer, events = Killer(monkeypatch), MemberEvents(cloud)
    land(cloud, "departments", "0.bin", pack(files(0)))
    killer.arm(10_000, unseen=unseen)
    (record,) = cloud.take("landed")
    FUNCTIONS["landed"]({"Records": [record]}, Context())
    total = killer.calls
    killer.revive()
    settle_archives(cloud, events)
    assert_loaded_once(admin, 0)
    calls = random.Random(f"{total} {unseen}").sample(range(total), min(_KILLS, total))
    for trial, call in enumerate(calls, 1):
        land(cloud, "departments", f"{trial}.bin", pack(files(trial)), second=trial)
        kill_at(cloud, killer, call, unseen=unseen)
        # Killed again elsewhere, while it resumes.
        kill_at(cloud, killer, (call * 7) % total, unseen=not unseen)
        settle_archives(cloud, events)
        assert_loaded_once(admin, trial)
    assert total > 20


def kill_at(cloud: Cloud, killer: Killer, call: int, *, unseen: bool) -> None:
    """Plan what has landed, killed at this call; the message becomes visible again."""
    for record in cloud.take("landed"):
        killer.arm(call, unseen=unseen)
        try:
            FUNCTIONS["landed"]({"Records": [record]}, Context())
        except Killed:
            killer.revive()
            cloud.sqs.send_message(QueueUrl=cloud.queues["landed"], MessageBody=record["body"])
        killer.revive()


def assert_loaded_once(admin: Connection, trial: int) -> None:
    archive = document(admin, f"{trial}.bin")
    assert archive["state"] == "COMPLETED_WITH_REJECTS"
    assert archive["waybill"]["read"] == 5
    assert [member["name"] for member in archive["members"]] == [
        f"{trial}-a.csv",
        f"{trial}-b.csv",
    ]
    jobs = admin.execute(
        "SELECT filename, state, read, inserted + updated, rejected FROM waybill.ingestion_jobs"
        " WHERE archive_job_id = %s ORDER BY landing_order",
        (archive["job_id"],),
    ).fetchall()
    # Whichever of the two is merged first, the later one wins.
    assert [row[:3] for row in jobs] == [
        (f"{trial}-a.csv", "COMPLETED", 2),
        (f"{trial}-b.csv", "COMPLETED_WITH_REJECTS", 3),
    ]
    assert sum(row[3] for row in jobs) in (3, 4)
    first = 10 * trial
    rows = admin.execute(
        "SELECT id, department FROM departments WHERE id / 10 = %s ORDER BY id", (trial,)
    ).fetchall()
    assert rows == [(first, "First"), (first + 1, "Last"), (first + 2, "Other")]
    strays = admin.execute(
        "SELECT count(*) FROM waybill.ingestion_jobs"
        " WHERE archive_job_id IS NULL AND filename NOT LIKE '%.bin'"
    ).fetchone()
    assert strays == (0,)
