"""A dataset with every type, and exports of it."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from functions.pipeline.load.handler import handle
from tests.cloud.fixtures import STATE, Cloud
from tests.cloud.lambda_events import Context, sqs_record
from tests.postgres.databases import Connection, Database
from waybill.ids import new_id
from waybill.messages import ExportMessage

TYPES = {
    "small": "smallint",
    "whole": "integer",
    "big": "bigint",
    "exact": "numeric",
    "money": "numeric(12, 3)",
    "single": "real",
    "twice": "double precision",
    "flag": "boolean",
    "day": "date",
    "naive": "timestamp",
    "instant": "timestamptz",
    "clock": "time",
    "zoned": "timetz",
    "span": "interval",
    "uid": "uuid",
    "plain": "text",
    "short": "varchar(40)",
    "fixed": "char(3)",
    "doc": "jsonb",
    "words": "text[]",
    "numbers": "integer[]",
    "raw": "bytea",
    "host": "inet",
    "period": "daterange",
    "mood": "mood",
    "amount": "positive",
}
"""The columns beside the key, with a type that a contract may have."""
_TABLES = """
CREATE TYPE mood AS ENUM ('=calm', 'o,k', 'it''s "fine"');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE {name} (id bigint PRIMARY KEY, {columns});
SELECT waybill.register_dataset('{name}', personal => '{personal}');
"""


class Exporter(NamedTuple):
    """Makes exports and runs the function `load` for them."""

    admin: Connection
    cloud: Cloud

    def create(self, dataset: str, file_format: str, *, masked: bool = False) -> UUID:
        """Begin an export, with formulas kept."""
        export = new_id()
        self.admin.execute("SET waybill.principal = 'ada'")
        self.admin.execute(
            "SELECT waybill.create_export(%s, %s, %s, false, %s)",
            (export, dataset, file_format, masked),
        )
        return export

    def work(self, export: UUID) -> None:
        """Deliver the message of an export once."""
        body = ExportMessage(export_id=export).model_dump_json()
        assert handle({"Records": [sqs_record(body)]}, Context()) == {"batchItemFailures": []}

    def document(self, export: UUID, dataset: str) -> dict[str, Any]:
        """The export as the API has it."""
        row = self.admin.execute(
            "SELECT waybill.export_document(%s, %s, NULL)", (export, dataset)
        ).fetchone()
        assert row is not None
        document: dict[str, Any] = row[0]
        return document

    def files(self, document: dict[str, Any]) -> list[bytes]:
        """The files of the export, each with the size and the hash that were recorded."""
        found = []
        for file in document["files"]:
            data = self.cloud.s3.get_object(Bucket=STATE, Key=file["key"])["Body"].read()
            assert len(data) == file["bytes"]
            assert hashlib.sha256(data).hexdigest() == file["sha256"]
            found.append(data)
        return found

    def export(self, dataset: str, file_format: str, *, masked: bool = False) -> list[bytes]:
        """The files of a completed export."""
        export = self.create(dataset, file_format, masked=masked)
        self.work(export)
        document = self.document(export, dataset)
        assert document["state"] == "COMPLETED", document
        return self.files(document)


@pytest.fixture
def exporter(
    database: Database, environment_of: Callable[[Database, str], None], cloud: Cloud
) -> Iterator[Exporter]:
    """The dataset `kinds`, and a copy of it without rows, `copies`."""
    environment_of(database, "pipeline")
    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        head, table, registration = (
            _TABLES.split("CREATE TABLE", maxsplit=1)[0],
            *_TABLES.split("\n")[3:5],
        )
        admin.execute(head)
        for name in ("kinds", "copies"):
            for statement in (table, registration):
                admin.execute(
                    statement.replace("{name}", name)
                    .replace("{columns}", columns)
                    .replace("{personal}", "{plain,day}" if name == "kinds" else "{}")
                )
        yield Exporter(admin, cloud)
