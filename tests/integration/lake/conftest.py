"""A partitioned dataset with every type, and what archives it."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from pyarrow import parquet

from functions.pipeline.load.handler import handle
from tests.cloud.fixtures import STATE, Cloud
from tests.cloud.lambda_events import Context, sqs_record
from tests.integration.exports.conftest import TYPES
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection, Database
from waybill.messages import LakeMessage

OLD, RECENT = "2019", "2024"
_DATASET = """
CREATE TYPE mood AS ENUM ('=calm', 'o,k', 'it''s "fine"');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE kinds (
    id bigint NOT NULL, at timestamptz NOT NULL, {columns}, loose bpchar,
    twofold bigint GENERATED ALWAYS AS (whole::bigint * 2) STORED,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX kinds_plain ON kinds (plain);
SELECT waybill.register_dataset('kinds', natural_key => '{{id}}', archive_after => '3 years');
"""
_PARTITION = (
    "CREATE TABLE kinds_{year} PARTITION OF kinds"
    " FOR VALUES FROM ('{year}-01-01 00:00+00') TO ('{next}-01-01 00:00+00')"
)


class Lake(NamedTuple):
    """Archives and restores partitions of the dataset `kinds`."""

    admin: Connection
    cloud: Cloud
    act_as: Callable[[str], None]
    """Sets the role of the process."""

    def one(self, query: str, *values: object) -> Any:
        """The first value of a query."""
        row = self.admin.execute(query, values).fetchone()
        return row[0] if row else None

    def fill(self, year: str, rows: int, first: int = 1) -> None:
        """Rows of a year, with their number as key."""
        self.admin.execute(
            "INSERT INTO kinds (id, at, plain, whole)"
            " SELECT i, %s::timestamptz + i * interval '1 s', 'row ' || i, i"
            " FROM generate_series(%s::int, %s::int) AS i",
            (f"{year}-02-03 04:05:06+00", first, first + rows - 1),
        )

    def deliver(self, partition: UUID) -> None:
        """Deliver the message of a partition once."""
        self.act_as("waybill_load")
        body = LakeMessage(partition_id=partition).model_dump_json()
        assert handle({"Records": [sqs_record(body)]}, Context()) == {"batchItemFailures": []}

    def load(self, *lines: str, second: int = 0) -> None:
        """Load a file with the columns id and at."""
        self.act_as("pipeline")
        body = "\n".join(["id,at", *lines]).encode()
        land(self.cloud, "kinds", f"{second}.csv", body, second=second)
        settle(self.cloud)

    def due(self) -> list[UUID]:
        """What the schedule finds to do."""
        return [row[0] for row in self.admin.execute("SELECT waybill.lake_work()").fetchall()]

    def archive(self) -> UUID:
        """Archive the oldest partition."""
        (partition,) = self.due()
        self.deliver(partition)
        return partition

    def restore(self, label: str = OLD, days: int = 30) -> UUID:
        """Restore a partition."""
        partition = self.ask(label, days)
        self.deliver(partition)
        return partition

    def ask(self, label: str = OLD, days: int = 30) -> UUID:
        """Let a partition be restored."""
        found: UUID = self.one("SELECT waybill.restore_partition('kinds', %s, %s)", label, days)
        return found

    def let_go(self) -> None:
        """Let restored partitions be archived again."""
        self.admin.execute("UPDATE waybill.archived_partitions SET keep_until = now()")

    def document(self, label: str = OLD) -> dict[str, Any]:
        """A partition as the API has it."""
        documents = [
            row[0] for row in self.admin.execute("SELECT waybill.archived_documents('kinds')")
        ]
        (found,) = [one for one in documents if one["partition"] == label]
        return dict(found)

    def state(self, label: str = OLD) -> str:
        """The state of a partition."""
        return str(self.document(label)["state"])

    def objects(self, prefix: str = "lake/") -> list[str]:
        """The keys of the lake."""
        found = self.cloud.s3.list_objects_v2(Bucket=STATE, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    def rows(self) -> list[tuple[Any, ...]]:
        """All rows of the table, as text."""
        return self.admin.execute(
            "SELECT tableoid::regclass::text, k::text FROM kinds AS k ORDER BY id, at"
        ).fetchall()

    def stored(self) -> list[dict[str, Any]]:
        """The rows in the files, each file checked against its hash."""
        found: list[dict[str, Any]] = []
        for file in self.document()["files"]:
            data = self.cloud.s3.get_object(Bucket=STATE, Key=file["key"])["Body"].read()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
            found += parquet.ParquetFile(io.BytesIO(data)).read().to_pylist()
        return found


@pytest.fixture
def lake(
    database: Database,
    environment_of: Callable[[Database, str], None],
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lake]:
    """The dataset, with a partition that is old and one that is not."""
    secrets = {}
    for role in ("pipeline", "waybill_load"):
        environment_of(database, role)
        secrets[role] = os.environ["DATABASE_SECRET_ARN"]

    def act_as(role: str) -> None:
        monkeypatch.setenv("DATABASE_USER", role)
        monkeypatch.setenv("DATABASE_SECRET_ARN", secrets[role])

    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        for statement in _DATASET.format(columns=columns).split(";\n"):
            admin.execute(statement.encode())
        for year in (OLD, RECENT):
            admin.execute(_PARTITION.format(year=year, next=int(year) + 1).encode())
        yield Lake(admin, cloud, act_as)
