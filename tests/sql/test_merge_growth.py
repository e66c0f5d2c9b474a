"""The work of a merge grows with its records, also for adversarial ones."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.sql.staging import Ledger

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="the server's CPU time is read from /proc"
)
SMALL, LARGE = 1000, 8000
GROWTH = (LARGE // SMALL) ** 1.3
# Statements that are composed, planned and committed whatever the size, in seconds of CPU.
_FIXED = 0.3
Records = Callable[[int], Sequence[Sequence[Any]]]


class Adversary(NamedTuple):
    """A table and the records that are loaded into it; `first` is loaded before, as it is."""

    columns: str
    records: Records
    first: Records = lambda _: []
    trigger: str = ""


ADVERSARIES = {
    "one key many times": Adversary(
        "(id integer PRIMARY KEY, v text)", lambda n: [(1, str(i)) for i in range(n)]
    ),
    "a second unique column that every record breaks": Adversary(
        "(id integer PRIMARY KEY, v text UNIQUE)", lambda n: [(i, "same") for i in range(n)]
    ),
    "a second unique column that every record takes from a row": Adversary(
        "(id integer PRIMARY KEY, v text UNIQUE)",
        lambda n: [(i, f"v{(i + 1) % n}") for i in range(n)],
        first=lambda n: [(i, f"v{i}") for i in range(n)],
    ),
    "an exclusion constraint that every record breaks": Adversary(
        "(id integer PRIMARY KEY, v integer, EXCLUDE USING btree (v WITH =))",
        lambda n: [(i, 1) for i in range(n)],
    ),
    "values passed on in a table with a trigger": Adversary(
        "(id integer PRIMARY KEY, v text UNIQUE)",
        lambda n: [(i, f"v{i + 1}") for i in range(n)],
        first=lambda n: [(i, f"v{i}") for i in range(n)],
        trigger="CREATE FUNCTION accept() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NEW; END $$;"
        " CREATE TRIGGER accept BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION accept();",
    ),
    "a chain of references, children first": Adversary(
        "(id integer PRIMARY KEY, parent integer REFERENCES things)",
        lambda n: [(i, i - 1 if i > 0 else None) for i in reversed(range(n))],
    ),
    "a chain of references whose root is missing": Adversary(
        "(id integer PRIMARY KEY, parent integer REFERENCES things)",
        lambda n: [(i, i + 1) for i in range(n)],
    ),
    "records of two files that wait for each other in one ring": Adversary(
        "(id integer PRIMARY KEY, parent integer REFERENCES things)",
        lambda n: [(2 * i + 1, (2 * i + 2) % (2 * n)) for i in range(n)],
        first=lambda n: [(2 * i, 2 * i + 1) for i in range(n)],
    ),
    "one missing parent": Adversary(
        "(id integer PRIMARY KEY, parent integer REFERENCES things)",
        lambda n: [(i, -1) for i in range(n)],
    ),
    "many checks": Adversary(
        "(id integer PRIMARY KEY, v integer, "
        + ", ".join(f"CHECK (v <> {i})" for i in range(20))
        + ", CHECK (v > 100))",
        lambda n: [(i, i % 20) for i in range(n)],
    ),
    "a trigger that refuses every other record": Adversary(
        "(id integer PRIMARY KEY, v integer)",
        lambda n: [(i, i) for i in range(n)],
        trigger="CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.v % 2 = 1 THEN RAISE EXCEPTION 'odd' USING ERRCODE = '23514'; END IF;"
        " RETURN NEW; END $$;"
        " CREATE TRIGGER refuse BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION refuse();",
    ),
}


def seconds_of_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def declare(ledger: Ledger, adversary: Adversary) -> None:
    ledger.declare(f"CREATE TABLE things {adversary.columns}")
    if adversary.trigger:
        ledger.declare(adversary.trigger)
    ledger.declare("SELECT waybill.register_dataset('things')")


def cost(ledger: Ledger, adversary: Adversary, size: int, at: int) -> float:
    """Seconds of CPU of the merge of so many records into an empty table.

    With the look for their parents that follows, if records are pending.
    """
    ledger.declare("TRUNCATE things; DELETE FROM waybill.pending_references")
    if first := adversary.first(size):
        ledger.load("things", at, first)
    job = ledger.land("things", at + 1)
    ledger.stage(job, "things", adversary.records(size))
    pid = ledger.loader.info.backend_pid
    before = seconds_of_cpu(pid)
    merged = ledger.merge(job)
    assert merged["outcome"] == "merged"
    if str(job) in merged["pending"]:
        ledger.resolve(job)
    assert ledger.waybill(job)["read"] == size
    return seconds_of_cpu(pid) - before


@pytest.mark.parametrize("name", ADVERSARIES)
def test_the_work_of_a_merge_grows_less_than_n_to_the_1_3(ledger: Ledger, name: str) -> None:
    adversary = ADVERSARIES[name]
    declare(ledger, adversary)
    small, large = (cost(ledger, adversary, size, size) for size in (SMALL, LARGE))
    assert large < GROWTH * small + _FIXED, f"{small:.2f} s, {large:.2f} s"
