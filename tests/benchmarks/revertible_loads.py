"""What it costs that a load can be taken back: loads with and without images, and the revert.

`python -m tests.benchmarks.revertible_loads [--rows 400000] [--changed 40000] [--rounds 5]`
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from tests.benchmarks.company import migrated_server
from tests.benchmarks.measure import interleaved, say
from tests.postgres.databases import Connection, Database
from tests.sql.staging import Ledger

_TABLES = {"with images": ("kept", 7), "without": ("unkept", 0)}
_TABLE = (
    "CREATE TABLE {0} (id int PRIMARY KEY, n int, note text, at timestamptz);"
    " SELECT waybill.register_dataset('{0}', revertible_days => {1})"
)
_TICKS = 100


class _OwnersLedger(Ledger):
    """As the owner, since the roles of the tests are not on a server of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.admin = database.connect()
        self.loader = self.api = database.connect()
        self.loader.execute("SET ROLE waybill_owner")


def _cpu_seconds(connection: Connection) -> float:
    """CPU time of the connection's backend so far; a busy machine does not change it much."""
    fields = Path(f"/proc/{connection.info.backend_pid}/stat").read_text().rpartition(")")[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / _TICKS


class _Loads:
    """Loads into both tables, in turns; each is another file."""

    def __init__(self, ledger: Ledger, rows: int, changed: int) -> None:
        self._ledger, self._rows, self._changed = ledger, rows, changed
        self._seconds: Iterator[int] = itertools.count(10)
        self.last: dict[str, UUID] = {}

    def merge(self, table: str, ids: range) -> float:
        """CPU seconds of the merge of a file with these ids."""
        at = next(self._seconds)
        job = self._ledger.land(table, at)
        records = [(n, at, f"note {n} of {at}", "2026-01-02T00:00:00Z") for n in ids]
        self._ledger.stage(job, table, records)
        begin = _cpu_seconds(self._ledger.loader)
        response = self._ledger.merge(job)
        assert response["outcome"] == "merged", response
        self.last[table] = job
        return _cpu_seconds(self._ledger.loader) - begin

    def update(self, table: str) -> float:
        return self.merge(table, range(0, self._rows, self._rows // self._changed))

    def insert(self, table: str) -> float:
        first = self._rows * next(self._seconds)
        return self.merge(table, range(first, first + self._changed))

    def revert(self, table: str) -> float:
        """CPU seconds of taking an update back, which is loaded for it."""
        self.update(table)
        begin = _cpu_seconds(self._ledger.loader)
        self._ledger.loader.execute("SELECT waybill.revert_job(%s)", (self.last[table],))
        return _cpu_seconds(self._ledger.loader) - begin


def _report(name: str, times: dict[str, float]) -> None:
    first, second = times.values()
    labels = ", ".join(f"{label} {seconds:.2f} s" for label, seconds in times.items())
    say(f"{name}: {labels}; ratio {first / second:.2f}")


def main() -> None:
    """Print medians of CPU time, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--changed", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with migrated_server() as database:
        ledger = _OwnersLedger(database)
        loads = _Loads(ledger, given.rows, given.changed)
        for table, days in _TABLES.values():
            ledger.declare(_TABLE.format(table, days))
            loads.merge(table, range(given.rows))
        for name, load in {"inserts only": loads.insert, "updates only": loads.update}.items():
            contenders = {
                label: (lambda table=table, load=load: load(table))
                for label, (table, _) in _TABLES.items()
            }
            _report(name, interleaved(contenders, given.rounds))
        kept = _TABLES["with images"][0]
        _report(
            "updates of images",
            interleaved(
                {"revert": lambda: loads.revert(kept), "load": lambda: loads.update(kept)},
                given.rounds,
            ),
        )
        ((size, images),) = ledger.rows(
            "SELECT pg_total_relation_size('waybill.row_images'), count(*) FROM waybill.row_images"
        )
        say(f"{size / images:.0f} bytes for each of {images:,} images, with their indexes")
        ledger.close()


if __name__ == "__main__":
    main()
