"""Files of a dataset that merge in their order: the end of one gives the next its turn."""

from uuid import UUID

import pytest

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land
from tests.postgres.databases import Connection
from waybill import consumer
from waybill.database.merges import MergeResult, Merges
from waybill.database.repository import transaction


def deliver(cloud: Cloud, *queues: str) -> None:
    """Every step handles what is in its queue now."""
    for name in queues:
        for record in cloud.take(name):
            assert FUNCTIONS[name]({"Records": [record]}, Context()) == {"batchItemFailures": []}


def test_a_file_that_is_staged_while_the_one_before_commits_has_its_turn_at_once(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.execute(
        b"CREATE TABLE buoys (id integer PRIMARY KEY, sea text, depth integer);"
        b"SELECT waybill.register_dataset('buoys')"
    )
    # A message that is sent again stays away: only a turn that is given is taken.
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 600)
    land(cloud, "buoys", "1.csv", b"id,sea\n1,Coral\n", second=1)
    land(cloud, "buoys", "2.csv", b"id,depth\n1,30\n", second=2)
    deliver(cloud, "landed")
    first, second = cloud.take("chunks")
    assert FUNCTIONS["chunks"]({"Records": [first]}, Context()) == {"batchItemFailures": []}
    merge = Merges.merge

    def merge_slowly(self: Merges, job_id: UUID) -> MergeResult:
        monkeypatch.setattr(Merges, "merge", merge)
        with transaction(self._connection):
            result = merge(self, job_id)
            # Before the commit, but after the merge has looked who waits.
            FUNCTIONS["chunks"]({"Records": [second]}, Context())
            deliver(cloud, "merges")
        return result

    monkeypatch.setattr(Merges, "merge", merge_slowly)
    deliver(cloud, "merges")
    deliver(cloud, "merges")
    assert admin.execute("SELECT id, sea, depth FROM buoys").fetchall() == [(1, "Coral", 30)]
    merges = admin.execute("SELECT count(*) FROM waybill.job_runs WHERE step = 'merge'").fetchone()
    # The second file waited once.
    assert merges == (3,)
