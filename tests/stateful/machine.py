"""Rules: what clients, networks, Lambda and PostgreSQL do, in any order."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.postgres.databases import Connection, Database
from tests.stateful.api_client import ApiClient
from tests.stateful.fake_cloud import FakeCloud
from tests.stateful.faults import Fault
from tests.stateful.fold_rules import FoldRules
from tests.stateful.generators import PROVOKED, names, places, seconds, some_files
from tests.stateful.invariants import check, check_against_reload, check_asleep, check_views
from tests.stateful.model import NOT_A_FILE_OF_IT, File, body_of, is_json
from tests.stateful.rules import NONE
from tests.stateful.tables import TABLES, Cells

_numbers = itertools.count(1)
KEY_PARTS = 3


class Machine(FoldRules):
    """One history. The database is a copy of `template`, which nobody may be using."""

    template: Database

    def __init__(self) -> None:
        super().__init__()
        self.cloud = FakeCloud(
            self.template.clone(f"history_{next(_numbers)}"), pytest.MonkeyPatch()
        )
        self.cloud.open()
        self.admin = self._connect()
        self.files = []
        self.notes = 0
        self.api = ApiClient(self.cloud, self.admin)

    def teardown(self) -> None:
        try:
            self.settle()
            self.annotate()
            self._outlast_killed_runs()
            self.cloud.publish()
            self.cloud.refresh()
            check_views(self.admin)
            check_asleep(self.admin, self.cloud.markers())
            check_against_reload(self.admin, self.files)
        finally:
            self.admin.close()
            self.api.close()
            self.cloud.close()
            self.cloud.database.drop()

    @rule(file=some_files(), second=seconds, header=st.booleans())
    def land(self, file: tuple[str, tuple[Cells, ...]], second: int, header: bool) -> None:
        table, records = TABLES[file[0]], file[1]
        # Without a header the first record must prove that it is one, by a number or a date.
        header = header or not records or not table.accepts(records[0])
        header = header or table.partial or table.rules is not NONE
        header = header or not any((cell or "")[:1].isdigit() for cell in records[0])
        self._land(table, records, second, body_of(table, records, header=header))

    @rule(name=names, second=seconds)
    def land_corrupt_file(self, name: str, second: int) -> None:
        self._land(TABLES[name], (), second, NOT_A_FILE_OF_IT)

    @rule(place=places, second=seconds, doubles=st.booleans())
    @precondition(lambda self: any(map(is_plain, self.files)))
    def overwrite(self, place: int, second: int, doubles: bool) -> None:
        """The same key again: the same records, or none."""
        plain = [file for file in self.files if is_plain(file)]
        before = plain[place % len(plain)]
        records = before.records if doubles or is_json(before.records) else ()
        file = before.key.rpartition("/")[2]
        body = body_of(before.table, records, header=True)
        self._land(before.table, records, second, body, name=file)

    @rule(place=places, later=st.integers(0, 2), waits=st.booleans())
    @precondition(lambda self: any(map(is_plain, self.files)))
    def land_again(self, place: int, later: int, waits: bool) -> None:
        """The same content under another key, which may be a duplicate."""
        plain = [file for file in self.files if is_plain(file)]
        before = plain[place % len(plain)]
        if waits:
            self.cloud.settle()
        second = before.second + later
        name = f"b{len(self.files):03}.{before.key.rpartition('.')[2]}"
        self._land(before.table, before.records, second, before.body, name=name)

    @rule(place=places)
    @precondition(lambda self: self.cloud.waiting())
    def deliver(self, place: int) -> None:
        self.cloud.deliver(*self._message(place))

    @rule(place=places, call=places, unseen=st.booleans(), suspends=st.booleans())
    @precondition(lambda self: self.cloud.waiting())
    def fault(self, place: int, call: int, unseen: bool, suspends: bool) -> None:
        process = self.cloud.deliver(*self._message(place), Fault(call, unseen, suspends))
        # A step with fewer calls ends without the fault.
        PROVOKED["killed"] += process.dead
        PROVOKED["suspended"] += not process.ended

    @rule(place=places)
    @precondition(lambda self: self.cloud.waiting())
    def double(self, place: int) -> None:
        PROVOKED["message doubled"] += 1
        queue, number = self._message(place)
        self.cloud.queues[queue].append(replace(self.cloud.queues[queue][number]))

    @rule(place=places)
    @precondition(lambda self: self.cloud.waiting())
    def lose(self, place: int) -> None:
        PROVOKED["message lost"] += 1
        self.cloud.lose(*self._message(place))

    @rule(place=places)
    @precondition(lambda self: self.cloud.waiting())
    def forget(self, place: int) -> None:
        queue, number = self._message(place)
        # Of an object whose event is gone nothing is known: it is sent again by command.
        if queue != "landed":
            PROVOKED["message gone for good"] += 1
            self.cloud.forget(queue, number)

    @rule()
    def reap(self) -> None:
        self.cloud.reap()

    @rule(place=places, killed=st.booleans())
    @precondition(lambda self: self.cloud.suspended)
    def resume(self, place: int, killed: bool) -> None:
        suspended = self.cloud.suspended
        self.cloud.resume(suspended[place % len(suspended)], killed=killed)

    @rule(place=places)
    @precondition(lambda self: self.files)
    def cancel(self, place: int) -> None:
        self.cancel_file(self.files[place % len(self.files)])

    @rule()
    @precondition(lambda self: self.files)
    def crash(self) -> None:
        PROVOKED["database crashed"] += 1
        self.cloud.crash()
        self.admin.close()
        self.admin = self._connect()

    @rule()
    def annotate(self) -> None:
        """Another table refers to every row of the stock, and its rows follow them."""
        self.admin.execute(
            "INSERT INTO stock_notes SELECT site, sku, counted FROM stock AS s WHERE NOT EXISTS"
            " (SELECT FROM stock_notes AS n WHERE (n.site, n.sku) = (s.site, s.sku))"
        )
        (found,) = self.admin.execute("SELECT count(*) FROM stock_notes").fetchone() or (0,)
        assert found >= self.notes, "rows of another table are gone"
        self.notes = found

    @rule()
    def pass_time(self) -> None:
        """Hours pass: requested uploads expire, runs have ended or died, partitions are made."""
        PROVOKED["hours passed"] += 1
        self.cloud.pass_hours()

    @rule()
    def redrive(self) -> None:
        self.cloud.redrive()

    @rule()
    def refresh(self) -> None:
        self.cloud.refresh()

    @rule()
    def settle(self) -> None:
        self.cloud.settle()
        self.take_reverts()
        check(self.admin, self.files, self.cloud.events.published)

    def _message(self, place: int) -> tuple[str, int]:
        waiting = self.cloud.waiting()
        return waiting[place % len(waiting)]

    def _outlast_killed_runs(self) -> None:
        """Let the time pass in which a run without an end could still be live."""
        self.admin.execute(
            "UPDATE waybill.job_runs SET started_at = started_at - interval '1 hour'"
            " WHERE finished_at IS NULL"
        )

    def _connect(self) -> Connection:
        admin = self.cloud.database.connect()
        admin.execute("SET ROLE waybill_owner")
        return admin


def is_plain(file: File) -> bool:
    """Whether it is an object under a key of somebody's own making."""
    is_own = file.key.count("/") == KEY_PARTS - 1
    return is_own and not (file.is_batch or file.drifted or file.is_archive)
