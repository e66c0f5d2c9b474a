"""The rules: what people, networks, Lambda and PostgreSQL do, in any order."""

import itertools
from dataclasses import replace

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.postgres.databases import Connection, Database
from tests.stateful.door_rules import DoorRules
from tests.stateful.doors import Doors
from tests.stateful.draws import FAULTS, names, places, seconds, some_files
from tests.stateful.invariants import check
from tests.stateful.model import NOT_A_FILE_OF_IT, File, body_of
from tests.stateful.strikes import Strike
from tests.stateful.tables import TABLES, Cells, Table
from tests.stateful.world import World

_numbers = itertools.count(1)
KEY_PARTS = 3


class Machine(DoorRules):
    """One history. The database is a copy of `template`, which nobody may be using."""

    template: Database

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.template.clone(f"history_{next(_numbers)}"), pytest.MonkeyPatch())
        self.world.open()
        self.admin = self._connect()
        self.files = []
        self.doors = Doors(self.world, self.admin)

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.admin.close()
            self.doors.close()
            self.world.close()
            self.world.database.drop()

    @rule(file=some_files(), second=seconds, header=st.booleans())
    def land(self, file: tuple[str, tuple[Cells, ...]], second: int, header: bool) -> None:
        table, records = TABLES[file[0]], file[1]
        # A first line that is bad may be taken for a header.
        header = header or not records or not table.accepts(records[0])
        self._land(table, records, second, body_of(table, records, header=header))

    @rule(name=names, second=seconds)
    def land_wreck(self, name: str, second: int) -> None:
        self._land(TABLES[name], (), second, NOT_A_FILE_OF_IT)

    @rule(place=places, second=seconds, doubles=st.booleans())
    @precondition(lambda self: any(map(is_plain, self.files)))
    def overwrite(self, place: int, second: int, doubles: bool) -> None:
        """The same key again: the same records, or none."""
        plain = [file for file in self.files if is_plain(file)]
        before = plain[place % len(plain)]
        records = before.records if doubles else ()
        file = before.key.rpartition("/")[2]
        body = body_of(before.table, records, header=True)
        self._land(before.table, records, second, body, name=file)

    @rule(place=places)
    @precondition(lambda self: self.world.waiting())
    def deliver(self, place: int) -> None:
        self.world.deliver(*self._message(place))

    @rule(place=places, call=places, unseen=st.booleans(), freezes=st.booleans())
    @precondition(lambda self: self.world.waiting())
    def strike(self, place: int, call: int, unseen: bool, freezes: bool) -> None:
        FAULTS["frozen" if freezes else "killed"] += 1
        self.world.deliver(*self._message(place), Strike(call, unseen, freezes))

    @rule(place=places)
    @precondition(lambda self: self.world.waiting())
    def double(self, place: int) -> None:
        FAULTS["message doubled"] += 1
        queue, number = self._message(place)
        self.world.queues[queue].append(replace(self.world.queues[queue][number]))

    @rule(place=places)
    @precondition(lambda self: self.world.waiting())
    def lose(self, place: int) -> None:
        FAULTS["message lost"] += 1
        self.world.lose(*self._message(place))

    @rule(place=places)
    @precondition(lambda self: self.world.waiting())
    def forget(self, place: int) -> None:
        queue, number = self._message(place)
        # Of an object whose event is gone nothing is known: it is sent again by command.
        if queue != "landed":
            FAULTS["message gone for good"] += 1
            self.world.forget(queue, number)

    @rule()
    def reap(self) -> None:
        self.world.reap()

    @rule(place=places, killed=st.booleans())
    @precondition(lambda self: self.world.frozen)
    def thaw(self, place: int, killed: bool) -> None:
        frozen = self.world.frozen
        self.world.thaw(frozen[place % len(frozen)], killed=killed)

    @rule(place=places)
    @precondition(lambda self: self.files)
    def cancel(self, place: int) -> None:
        file = self.files[place % len(self.files)]
        found = self.admin.execute(
            "SELECT job_id FROM waybill.ingestion_jobs WHERE object_key = %s AND version_id = %s",
            (file.key, file.version),
        ).fetchone()
        if not found:
            return
        with self.world.database.connect("waybill_api") as api:
            try:
                ended = api.execute("SELECT waybill.cancel_job(%s, NULL)", found).fetchone()
            except psycopg.errors.LockNotAvailable:
                return
        if ended == ("CANCELLED",):
            FAULTS["cancelled"] += not file.cancelled
            file.cancelled = True

    @rule()
    @precondition(lambda self: self.files)
    def crash(self) -> None:
        FAULTS["database crashed"] += 1
        self.world.crash()
        self.admin.close()
        self.admin = self._connect()

    @rule()
    def redrive(self) -> None:
        self.world.redrive()

    @rule()
    def refresh(self) -> None:
        self.world.refresh()

    @rule()
    def settle(self) -> None:
        self.world.settle()
        check(self.admin, self.files, self.world.events.told)

    def _message(self, place: int) -> tuple[str, int]:
        waiting = self.world.waiting()
        return waiting[place % len(waiting)]

    def _connect(self) -> Connection:
        admin = self.world.database.connect()
        admin.execute("SET ROLE waybill_owner")
        return admin

    def _land(
        self,
        table: Table,
        records: tuple[Cells, ...],
        second: int,
        body: bytes,
        name: str = "",
    ) -> None:
        name = name or f"a{len(self.files):03}.csv"
        key, version = self.world.land(table.name, name, body, second)
        wreck = body is NOT_A_FILE_OF_IT
        self.files.append(File(table, second, key, version, records, wreck))
        FAULTS["files"] += 1
        FAULTS["records"] += len(records)


def is_plain(file: File) -> bool:
    """Whether it is an object under a key of somebody's own making."""
    return file.key.count("/") == KEY_PARTS - 1 and not file.is_batch
