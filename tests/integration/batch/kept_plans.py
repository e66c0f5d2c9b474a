"""Batches on a connection that keeps plans, and what the server knows of it."""

from typing import Any

from functions.api.batch.deps import deps
from tests.integration.batch.batch_rows import rows
from tests.integration.batch.conftest import Post
from tests.postgres.databases import Database
from waybill.database.repository import Connection

ENGINEER = {"id": 1, "job": "Engineer"}


def _ask(connection: Connection, question: str) -> list[Any]:
    return [one for (one,) in connection.execute(question.encode()).fetchall()]


def backend() -> int:
    """The server's process of the endpoint's connection."""
    (pid,) = deps().database.run(lambda connection: _ask(connection, "SELECT pg_backend_pid()"))
    return int(pid)


def kept(prefix: str = "waybill ") -> int:
    """How many plans the connection keeps."""
    question = f"SELECT count(*) FROM pg_prepared_statements WHERE starts_with(name, '{prefix}')"
    (count,) = deps().database.run(lambda connection: _ask(connection, question))
    return int(count)


def load(post: Post, dataset: str, *batch: dict[str, Any]) -> dict[str, int]:
    """Those numbers of the waybill that are not 0."""
    response = post(dataset, list(batch))
    assert response.status == 200, response.text
    counts = response.json()["waybill"]
    classes = ("read", "inserted", "updated", "unchanged", "superseded", "rejected")
    return {name: counts[name] for name in classes if counts.get(name)}


def finished(database: Database) -> list[tuple[Any, ...]]:
    """How many jobs there are of each state."""
    return rows(database, "SELECT state, count(*) FROM waybill.ingestion_jobs GROUP BY state")
