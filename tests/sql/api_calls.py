"""Batches and cancellations, called as the role of the API functions."""

import json
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from tests.postgres.databases import Connection
from tests.sql.staging import Ledger
from waybill.ids import new_id


def batch(
    ledger: Ledger,
    dataset: str,
    rows: list[dict[str, str | None]],
    mode: str = "atomic",
    kept: Connection | None = None,
) -> tuple[UUID, dict[str, Any]]:
    """Write the rows as a batch, on a new connection or the `kept` one; the job and its result."""
    job = new_id()
    given = json.dumps([[n, row, json.dumps(row)] for n, row in enumerate(rows)])
    with nullcontext(kept) if kept else ledger.database.connect("api") as connection:
        response = connection.execute(
            "SELECT to_jsonb(b) FROM waybill.merge_batch(%s, %s, %s, %s) AS b",
            (job, dataset, given, mode),
        ).fetchone()
    assert response is not None
    return job, response[0]


def cancel(ledger: Ledger, job: object, ticket: dict[str, object] | None = None) -> str:
    """Cancel the job; its state then."""
    with ledger.database.connect("api") as connection:
        row = connection.execute(
            "SELECT waybill.cancel_job(%s, %s)", (job, json.dumps(ticket) if ticket else None)
        ).fetchone()
        assert row is not None
        return str(row[0])
