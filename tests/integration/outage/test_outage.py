"""An outage does not count as an attempt; only a poison message goes to the dead-letter queue."""

import pytest

from functions.pipeline.reap.handler import handle as reap
from tests.cloud.fixtures import QUEUES, Cloud
from tests.cloud.lambda_events import Context
from tests.integration.outage.conftest import RECEIVES
from tests.integration.outage.lambda_polling import poll
from tests.integration.path.steps import FUNCTIONS, land, settle
from tests.integration.reap.stalled_jobs import EVENT, states
from tests.postgres.databases import Connection
from waybill.database.connect import connect
from waybill.errors import Unavailable

FILES = 4


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a server that is away."""
    monkeypatch.setitem(connect.__kwdefaults__ or {}, "patience_seconds", 0.05)


def dead(cloud: Cloud) -> int:
    return sum(cloud.waiting(f"{name}-dlq") for name in QUEUES)


def advance(cloud: Cloud, step: str) -> None:
    for earlier in list(FUNCTIONS)[: list(FUNCTIONS).index(step)]:
        poll(cloud, earlier)


@pytest.mark.parametrize("step", list(FUNCTIONS))
@pytest.mark.usefixtures("hurried")
def test_a_long_outage_fills_no_dead_letter_queue(
    admin: Connection, with_dead_letters: Cloud, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    cloud = with_dead_letters
    for number in range(FILES):
        land(cloud, "departments", f"{number}.csv", b"%d,D\n" % number, second=number)
    advance(cloud, step)
    before = admin.execute("SELECT count(*) FROM waybill.job_runs").fetchone()
    with monkeypatch.context() as outage:
        outage.setenv("DATABASE_PORT", "1")
        for _ in range(3 * RECEIVES):
            assert poll(cloud, step) == 0
            if step != "landed":
                with pytest.raises(Unavailable):
                    reap(EVENT, Context())
        assert cloud.waiting(step) == FILES
        assert dead(cloud) == 0
    assert admin.execute("SELECT count(*) FROM waybill.job_runs").fetchone() == before
    settle(cloud)
    assert set(states(admin).values()) == {"COMPLETED"}
    assert admin.execute("SELECT count(*) FROM departments").fetchone() == (FILES,)
    assert dead(cloud) == 0


@pytest.mark.parametrize("step", list(FUNCTIONS))
def test_a_poison_message_goes_to_the_dlq_and_blocks_no_other(
    admin: Connection,
    with_dead_letters: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    cloud = with_dead_letters
    # It comes back at once, instead of after a pause.
    monkeypatch.setattr("waybill.consumer.delay_seconds", lambda _: 0)
    cloud.sqs.send_message(QueueUrl=cloud.queues[step], MessageBody='{"what": "is this"')
    land(cloud, "departments", "a.csv", b"1,D\n")
    rounds = 0
    while cloud.waiting(f"{step}-dlq") == 0:
        for name in FUNCTIONS:
            poll(cloud, name)
        rounds += 1
        assert rounds <= 2 * RECEIVES
    for name in FUNCTIONS:
        poll(cloud, name)
    assert dead(cloud) == 1
    assert states(admin) == {"a.csv": "COMPLETED"}
