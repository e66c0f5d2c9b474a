"""After random loads of some of its columns, every constraint holds on the whole table."""

import random
from typing import Any

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register, revalidate

TABLE = """
CREATE TABLE parents (a int, b int, PRIMARY KEY (a, b));
INSERT INTO parents SELECT n, n % 3 FROM generate_series(1, 6) AS n;
CREATE TABLE t (
    id int PRIMARY KEY,
    a int,
    b int DEFAULT 1,
    low int DEFAULT 3,
    high int DEFAULT 5,
    code text UNIQUE,
    twice int GENERATED ALWAYS AS (low * 2) STORED,
    boss int REFERENCES t DEFERRABLE,
    FOREIGN KEY (a, b) REFERENCES parents,
    CHECK (low <= high),
    CHECK (twice < 16),
    UNIQUE (a, b, low)
)
"""
COLUMNS = {"a": 7, "b": 3, "low": 9, "high": 9, "code": 6, "boss": 8}


def records(chance: random.Random, columns: list[str]) -> list[tuple[Any, ...]]:
    def cell(name: str) -> Any:
        value = chance.randrange(COLUMNS[name])
        return None if chance.random() < 0.2 else f"c{value}" if name == "code" else value

    return [
        (chance.randrange(8), *(cell(name) for name in columns[1:]))
        for _ in range(chance.randrange(1, 9))
    ]


@pytest.mark.parametrize("seed", range(6))
def test_every_constraint_holds_after_every_load(ledger: Ledger, seed: int) -> None:
    chance = random.Random(seed)
    register(ledger, TABLE)
    for second in range(12):
        chosen = sorted(chance.sample(sorted(COLUMNS), chance.randrange(1, len(COLUMNS) + 1)))
        columns = ["id", *chosen]
        job = ledger.load("t", second, records(chance, columns), columns=columns)
        assert ledger.waybill(job)["read"] > 0
        revalidate(ledger, "t")
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute("REINDEX TABLE t")
