"""After random loads on every path, every constraint holds on the whole table."""

import json
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register, revalidate
from waybill.ids import new_id

TABLE = """
CREATE DOMAIN small AS int CHECK (VALUE < 8);
CREATE TABLE parents (a int, b int, PRIMARY KEY (a, b));
INSERT INTO parents SELECT n, n % 3 FROM generate_series(1, 6) AS n;
CREATE TABLE t (
    id int PRIMARY KEY,
    a int,
    b int DEFAULT 1,
    low int DEFAULT 3,
    high int DEFAULT 5,
    code text UNIQUE,
    size small DEFAULT 5,
    need int NOT NULL DEFAULT 1,
    during int4range DEFAULT '[90,91)',
    twice int GENERATED ALWAYS AS (low * 2) STORED,
    part int GENERATED ALWAYS AS (60 / (high - 4)) STORED,
    ratio int GENERATED ALWAYS AS (60 / (low - 2)) VIRTUAL,
    boss int REFERENCES t DEFERRABLE,
    FOREIGN KEY (a, b) REFERENCES parents,
    CHECK (low <= high),
    CHECK (twice < 16),
    CHECK (size + need < 12),
    UNIQUE (a, b, low),
    EXCLUDE USING gist (during WITH &&)
);
CREATE UNIQUE INDEX ON t (lower(code || 'x'), (need / 4))
"""
LIMITS = {"a": 7, "b": 3, "low": 9, "high": 9, "code": 40, "size": 10, "need": 9, "boss": 12}
NULL_SHARE = {"a": 0.7, "b": 0.5, "boss": 0.8}
COLUMNS = [*LIMITS, "during"]
LOADS = 12


def records(chance: random.Random, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    def cell(name: str) -> Any:
        if chance.random() < NULL_SHARE.get(name, 0.2):
            return None
        if name == "during":
            start = chance.randrange(300)
            return f"[{start},{start + chance.randrange(4)})"
        value = chance.randrange(LIMITS[name])
        return f"c{value}" if name == "code" else value

    return [
        (chance.randrange(12), *(cell(name) for name in columns[1:]))
        for _ in range(chance.randrange(1, 12))
    ]


def load_batch(ledger: Ledger, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    texts = [
        {name: None if cell is None else str(cell) for name, cell in zip(columns, row, strict=True)}
        for row in rows
    ]
    given = json.dumps([[number, row, "raw"] for number, row in enumerate(texts)])
    call = "SELECT waybill.merge_batch(%s, 't', %s, %s)"
    try:
        ledger.api.execute(call, (new_id(), given, "atomic"))
    except psycopg.Error as error:
        if error.sqlstate != "WB009":
            raise
        ledger.api.execute(call, (new_id(), given, "partial"))


def replay(
    ledger: Ledger, second: int, columns: Sequence[str], rows: list[tuple[Any, ...]]
) -> UUID | None:
    """Send new records for all rejects of a file that has any."""
    parents = ledger.rows(
        "SELECT job_id, array_agg(reject_id) FROM waybill.validation_errors AS v"
        " JOIN waybill.ingestion_jobs AS j USING (job_id)"
        " WHERE kind = 's3' AND v.replayed_by IS NULL GROUP BY job_id ORDER BY job_id LIMIT 1"
    )
    if not parents:
        return None
    parent, rejects = parents[0]
    job = new_id()
    ledger.api.execute("SELECT waybill.register_replay(%s, %s, %s)", (parent, job, rejects))
    ledger.loader.execute(
        "SELECT job_id, state, is_new FROM"
        " waybill.register_object(%s, %s, 't', 'b', %s, 'v', 'e', 1, 'f', now(),"
        " '{}')",
        (job, new_id(), f"landing/t/{job}/{second}.csv"),
    )
    ledger.stage(job, "t", rows, columns=columns)
    ledger.merge(job)
    return job


@pytest.mark.parametrize("seed", range(8))
def test_every_constraint_holds_after_every_load(ledger: Ledger, seed: int) -> None:
    chance = random.Random(seed)
    register(ledger, TABLE)
    for second in range(LOADS):
        chosen = sorted(chance.sample(COLUMNS, chance.randrange(1, 5)))
        columns = ["id", *chosen]
        rows = records(chance, columns)
        path = chance.choice(["file", "file", "batch", "replay"])
        if path == "batch":
            load_batch(ledger, columns, rows)
        elif path == "file" or not replay(ledger, second, columns, rows):
            job = ledger.load("t", second, rows, columns=columns)
            assert ledger.waybill(job)["read"] == len(rows)
        revalidate(ledger, "t")
    assert ledger.rows("SELECT count(*) > 0 FROM t") == [(True,)]
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute("REINDEX TABLE t")
