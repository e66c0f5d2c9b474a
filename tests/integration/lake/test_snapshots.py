"""Transactions whose snapshot is from the middle of a restore."""

from typing import Any

import pytest

from tests.integration.lake.conftest import Lake
from tests.postgres.databases import Database
from waybill.database.lake import Lake as Steps

ROWS = 8000
COUNT = "SELECT count(*) FROM kinds WHERE at < '2020-01-01'"

LONG_AGO = """
UPDATE waybill.archived_partitions
SET sent_at = now() - interval '1 hour', changed_at = now() - interval '1 hour'
"""


def test_a_reader_from_the_middle_of_a_restore_sees_no_part(
    lake: Lake, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", ROWS)
    monkeypatch.setenv("EXPORT_FILE_BYTES", "1")
    lake.archive()
    assert len(lake.document()["files"]) > 1
    store = Steps.store_file
    partition = lake.ask()
    with database.connect() as reader:

        def store_file(self: Steps, partition: Any, attempt: int, number: int) -> None:
            if number == 2:
                snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1"
                reader.execute(snapshot)
            store(self, partition, attempt, number)

        monkeypatch.setattr(Steps, "store_file", store_file)
        lake.admin.execute(LONG_AGO)
        for _ in range(2):
            lake.deliver(partition)
            assert lake.state() == "RESTORING"
        # The message comes again by itself.
        assert lake.due() == []
        assert reader.execute(COUNT).fetchone() == (0,)
        reader.execute("COMMIT")
    lake.deliver(partition)
    assert lake.state() == "RESTORED"
    assert lake.one(COUNT) == ROWS
