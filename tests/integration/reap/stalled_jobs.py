"""Make jobs older, run the reaper, and read their states."""

import json
from pathlib import Path
from typing import Any

from functions.pipeline.reap.handler import handle
from tests.cloud.lambda_events import Context
from tests.postgres.databases import Connection

EVENT: dict[str, Any] = json.loads(Path("events/reap.json").read_text())


def reap() -> dict[str, int]:
    """What the schedule did, without what it did nothing of."""
    return {name: count for name, count in handle(EVENT, Context()).items() if count}


def pass_time(admin: Connection, interval: str) -> None:
    """Everything that has happened so far was so much earlier."""
    for table, columns in {
        "ingestion_jobs": ("created_at", "expires_at", "landed_at", "started_at", "finished_at"),
        "job_runs": ("started_at", "finished_at"),
        "redrives": ("first_at", "last_at"),
        "copies_seen": ("seen_at",),
        "outbox": ("published_at",),
        "idempotency_keys": ("kept_at",),
    }.items():
        moved = ", ".join(f"{column} = {column} - interval '{interval}'" for column in columns)
        admin.execute(f"UPDATE waybill.{table} SET {moved}".encode())


def states(admin: Connection) -> dict[str, str]:
    """State by the file's name."""
    rows = admin.execute("SELECT filename, state FROM waybill.ingestion_jobs").fetchall()
    return {str(name): str(state) for name, state in rows}


def stages(admin: Connection) -> int:
    """How many staging tables there are."""
    row = admin.execute(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'staging'::regnamespace"
        " AND relkind = 'r'"
    ).fetchone()
    assert row
    return int(row[0])
