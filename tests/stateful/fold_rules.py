"""Rules for a table whose months become years while files are loaded into it."""

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.stateful.generators import PROVOKED, seconds, some_files
from tests.stateful.member_rules import MemberRules
from tests.stateful.model import NOT_A_FILE_OF_IT, File, body_of, is_json, read_of
from tests.stateful.tables import TABLES, Cells, Table

GAUGES = TABLES["gauges"]
_MOST_STEPS = 20


class FoldRules(MemberRules):
    """Steps of folds: taken, killed before they end, and given up; months and years by turns."""

    @rule(file=some_files([GAUGES.name], 1), second=seconds, by_month=st.booleans())
    def land_gauges(self, file: tuple[str, tuple[Cells, ...]], second: int, by_month: bool) -> None:
        """More often than one in seventeen, so that there are months to fold."""
        if by_month:
            self.set_history(None)
        self._land(GAUGES, file[1], second, body_of(GAUGES, file[1], header=True))

    @rule(
        before=some_files([GAUGES.name], 1),
        after=some_files([GAUGES.name], 1),
        second=seconds,
        killed=st.booleans(),
    )
    def change_while_folding(
        self,
        before: tuple[str, tuple[Cells, ...]],
        after: tuple[str, tuple[Cells, ...]],
        second: int,
        killed: bool,
    ) -> None:
        """A file that comes when the months of another one are copied, and not yet a year."""
        self.land_gauges(before, second, by_month=True)
        self.cloud.settle()
        self.set_history("year")
        self.take_steps(_MOST_STEPS, "copied")
        if killed:
            self.take_steps(1, killed=True)
        self.land_gauges(after, second, by_month=False)
        self.cloud.settle()
        self.take_steps(_MOST_STEPS)

    @rule(count=st.integers(1, 7), killed=st.booleans(), settles=st.booleans())
    @precondition(lambda self: any(file.table is GAUGES for file in self.files))
    def fold(self, count: int, killed: bool, settles: bool) -> None:
        """Some steps; the last one may be killed just before it ends."""
        if settles:
            self.cloud.settle()
        self.set_history("year")
        self.take_steps(count, killed=killed)

    @rule()
    def give_up_fold(self) -> None:
        with self.cloud.database.connect("waybill_refresh") as refresher:
            refresher.execute("SELECT waybill.give_up_fold()")
        # A day passes, after which it is begun again.
        self.admin.execute("UPDATE waybill.folds SET given_up_at = given_up_at - interval '2 days'")

    def take_steps(self, count: int, last: str = "", *, killed: bool = False) -> None:
        """At most so many, up to one that does `last`; the last one may be killed."""
        with self.cloud.database.connect("waybill_refresh") as refresher:
            for number in range(count):
                try:
                    done = self._fold(refresher, killed=killed and number == count - 1)
                except psycopg.errors.LockNotAvailable:
                    PROVOKED["fold steps that found a lock"] += 1
                    return
                if done in (None, last):
                    return

    def set_history(self, unit: str | None) -> None:
        self.admin.execute(
            "UPDATE waybill.datasets SET history_unit = %s WHERE name = 'gauges'", (unit,)
        )

    def _fold(
        self, refresher: psycopg.Connection[tuple[object, ...]], *, killed: bool
    ) -> object | None:
        refresher.execute("BEGIN")
        found = refresher.execute("SELECT done FROM waybill.fold_step()").fetchone()
        refresher.execute("ROLLBACK" if killed else "COMMIT")
        done = found[0] if found else None
        PROVOKED[f"fold steps {'killed' if killed and done else done}"] += 1
        return done

    def _land(
        self,
        table: Table,
        records: tuple[Cells, ...],
        second: int,
        body: bytes,
        name: str = "",
    ) -> None:
        if table.partial and self.cloud.suspended:
            return
        name = name or f"a{len(self.files):03}.{'json' if is_json(records) else 'csv'}"
        second = self.second_of(table, second)
        key, version = self.cloud.land(table.name, name, body, second)
        self.register(table)
        corrupt = body is NOT_A_FILE_OF_IT
        self.files.append(File(table, second, key, version, read_of(records), corrupt, body=body))
        PROVOKED["files"] += 1
        PROVOKED["records"] += len(read_of(records))
        PROVOKED["records left out by a rule"] += self.files[-1].filtered
