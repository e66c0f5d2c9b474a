"""A table by month with a past year, and the steps that make one partition of its months."""

from typing import Any

from tests.sql.staging import Ledger

TABLE = """
CREATE TABLE kinds (id int PRIMARY KEY);
INSERT INTO kinds SELECT generate_series(0, 4);
CREATE TABLE visits (
    id int, day date, kind int REFERENCES kinds, note text CHECK (note <> ''),
    twice int GENERATED ALWAYS AS (id * 2) STORED, PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE INDEX ON visits (kind, day);
SELECT waybill.register_dataset('kinds');
SELECT waybill.register_dataset(
    'visits', natural_key => '{id}', partition_unit => 'month', history_unit => 'year');
"""
# The months are made as if the year had not ended.
MONTHS = """
UPDATE waybill.datasets SET history_unit = NULL WHERE name = 'visits'
"""
YEARS = "UPDATE waybill.datasets SET history_unit = 'year' WHERE name = 'visits'"
PARTITIONS = """
SELECT c.relname::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'visits'::regclass AND c.relname < 'visits_2025' ORDER BY 1
"""
COPIES = """
SELECT relname FROM pg_class
WHERE relname ~ '^fold_' AND relnamespace = 'staging'::regnamespace
"""
ROWS = "SELECT v::text FROM visits AS v ORDER BY id, day"
MOST_STEPS = 200


def records(first: int, count: int, note: str = "n") -> list[tuple[Any, ...]]:
    """Visits of 2021, through its months."""
    return [
        (n, f"2021-{1 + n % 12:02}-{1 + n % 28:02}", n % 5, f"{note}{n}")
        for n in range(first, first + count)
    ]


COLUMNS = ("id", "day", "kind", "note")


def load(ledger: Ledger, at: float, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    job = ledger.land("visits", at)
    ledger.stage(job, "visits", rows, columns=COLUMNS)
    return ledger.merge(job)


def step(ledger: Ledger) -> str | None:
    ((done,),) = ledger.rows("SELECT done FROM waybill.fold_step()")
    return None if done is None else str(done)


def fold(ledger: Ledger) -> list[str]:
    done: list[str] = []
    while (one := step(ledger)) is not None:
        done.append(one)
        assert len(done) < MOST_STEPS
    return done


def until(ledger: Ledger, last: str) -> None:
    """Steps up to the last one of these."""
    for _ in range(MOST_STEPS):
        if step(ledger) == last:
            return
    raise AssertionError(last)


def partitions(ledger: Ledger) -> list[str]:
    return [name for (name,) in ledger.rows(PARTITIONS)]


def monthly(ledger: Ledger) -> Ledger:
    """Months of 2021, with 600 rows."""
    ledger.declare(TABLE + MONTHS)
    load(ledger, 0, records(0, 600))
    ledger.admin.execute(YEARS)
    return ledger
