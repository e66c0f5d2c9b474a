"""Rules for a table whose months become years while files are loaded into it."""

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.stateful.archive_rules import ArchiveRules
from tests.stateful.generators import PROVOKED
from tests.stateful.tables import TABLES

GAUGES = TABLES["gauges"]


class FoldRules(ArchiveRules):
    """Steps of folds: taken, killed before they end, and given up; months and years by turns."""

    @rule(count=st.integers(1, 7), killed=st.booleans(), settles=st.booleans())
    @precondition(lambda self: any(file.table is GAUGES for file in self.files))
    def fold(self, count: int, killed: bool, settles: bool) -> None:
        """Some steps; the last one may be killed just before it ends."""
        if settles:
            self.cloud.settle()
        self.set_history("year")
        with self.cloud.database.connect("waybill_refresh") as refresher:
            for number in range(count):
                try:
                    if not self._fold(refresher, killed=killed and number == count - 1):
                        return
                except psycopg.errors.LockNotAvailable:
                    PROVOKED["fold steps that found a lock"] += 1
                    return

    @rule()
    def give_up_fold(self) -> None:
        with self.cloud.database.connect("waybill_refresh") as refresher:
            refresher.execute("SELECT waybill.give_up_fold()")
        # A day passes, after which it is begun again.
        self.admin.execute("UPDATE waybill.folds SET given_up_at = given_up_at - interval '2 days'")

    def set_history(self, unit: str | None) -> None:
        self.admin.execute(
            "UPDATE waybill.datasets SET history_unit = %s WHERE name = 'gauges'", (unit,)
        )

    def _fold(self, refresher: psycopg.Connection[tuple[object, ...]], *, killed: bool) -> bool:
        refresher.execute("BEGIN")
        found = refresher.execute("SELECT done FROM waybill.fold_step()").fetchone()
        refresher.execute("ROLLBACK" if killed else "COMMIT")
        done = found[0] if found else None
        PROVOKED[f"fold steps {'killed' if killed else done}"] += 1
        return done is not None
