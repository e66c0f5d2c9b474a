"""The local stack as one thing: up, down, and what it is now."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import psycopg

from infra.local import emulator
from infra.local.bootstrap import ADMIN, set_passwords
from infra.local.clients import Clients
from infra.local.databases import Location, database_of
from infra.local.deployer import deploy
from infra.local.memory import Memory
from infra.local.object_events import announce_again
from infra.local.passwords import kept_passwords, publish
from infra.local.ports import choose_port
from infra.local.settings import LocalSettings
from infra.local.status import Status
from infra.local.synth import assembly, fingerprint

STACK = "waybill-local"
_DATABASE_PORT = 54318
Say = Callable[[str], None]


class StackError(Exception):
    """The stack cannot do what was asked; the message says what a person can do."""


class Stack:
    """The local stack that lives in one home folder."""

    def __init__(self, settings: LocalSettings, say: Say) -> None:
        self._settings = settings
        self._home: Path = settings.waybill_home.resolve()
        self._database = database_of(settings)
        self._say = say

    def status(self) -> Status:
        """What runs, and where."""
        memory = Memory.of(self._home)
        place = self._database.location(memory.database_port)
        alive = memory.emulator is not None and memory.emulator.alive()
        if not alive and (place is None or self._settings.database_url):
            return Status()
        if not alive or place is None or memory.assembly is None:
            return Status(state="partial")
        url = place.url(ADMIN, kept_passwords(self._home)[ADMIN])
        return Status.up(memory.emulator_port or 0, memory.outputs, url)

    def up(self) -> Status:
        """Start what does not run, deploy what changed, migrate, and give the status.

        Raises:
            StackError: another start or stop is under way, or the migration failed.
        """
        with self._alone():
            memory = Memory.of(self._home)
            if self.status().state == "up" and memory.assembly == fingerprint():
                return self.status()
            self._stop_emulator(memory)
            try:
                self._start(memory)
            except BaseException:
                # A half-made start helps nobody: what it began is taken down again.
                self._stop_emulator(memory)
                self._database.stop()
                raise
        return self.status()

    def down(self, *, erase: bool = False) -> None:
        """Stop everything; with `erase`, also forget everything that was stored."""
        if not self._home.is_dir():
            return
        with self._alone():
            self._stop_emulator(Memory.of(self._home))
            if erase:
                self._database.erase()
            else:
                self._database.stop()
        if erase:
            shutil.rmtree(self._home)

    def clients(self) -> Clients:
        """AWS clients of the running emulator."""
        return Clients(Memory.of(self._home).emulator_port or 0)

    def migrate(self) -> str:
        """Run the deployed `migrate` function; gives its answer.

        Raises:
            StackError: it failed; the message has its error.
        """
        name = Memory.of(self._home).outputs["MigrateFunctionName"]
        answer = self.clients()("lambda").invoke(FunctionName=name, Payload=b"{}")
        said = str(answer["Payload"].read().decode())
        if answer.get("FunctionError"):
            raise StackError(
                f"The migration failed:\n{_error_text(said)}\n"
                "To start over with an empty database: `waybill down --erase`, then `waybill up`."
            )
        return said

    def _start(self, memory: Memory) -> None:
        passwords = kept_passwords(self._home)
        with ThreadPoolExecutor(1) as beside:
            synthesised = beside.submit(assembly)
            place = self._start_database(memory, passwords)
            if not synthesised.done():
                self._say("Synthesising the infrastructure …")
            built = synthesised.result()
        port = choose_port(
            "the AWS emulator",
            chosen=self._settings.waybill_port,
            variable="WAYBILL_PORT",
            usual=memory.emulator_port or emulator.PREFERRED_PORT,
            say=self._say,
        )
        memory.emulator_port = port
        memory.emulator = emulator.start(self._home / "emulator", port)
        memory.keep(self._home)
        clients = Clients(port)
        self._say("Deploying to the AWS emulator …")
        publish(clients, passwords)
        memory.outputs = deploy(clients, built, STACK, _parameters(place))
        memory.keep(self._home)
        self._say("Migrating the database …")
        self.migrate()
        with psycopg.connect(place.url(ADMIN, passwords[ADMIN]), autocommit=True) as admin:
            set_passwords(admin, passwords)
        before, memory.announced_at = memory.announced_at, datetime.now(UTC)
        announce_again(clients, memory.outputs, before)
        self._warm(memory)
        memory.assembly = built.name
        memory.keep(self._home)

    def _warm(self, memory: Memory) -> None:
        """Have the steps of a file's path loaded before the first file: no messages, no effect."""
        invoke = Clients(memory.emulator_port or 0)("lambda").invoke
        for step in ("Plan", "Load", "Merge"):
            name = memory.outputs[f"{step}FunctionName"]
            invoke(FunctionName=name, InvocationType="Event", Payload=b'{"Records": []}')

    def _start_database(self, memory: Memory, passwords: dict[str, str]) -> Location:
        running = self._database.location(memory.database_port)
        port = running.port if running else 0
        if not running and not self._settings.database_url:
            self._say("Starting PostgreSQL …")
            port = choose_port(
                "PostgreSQL",
                chosen=self._settings.waybill_database_port,
                variable="WAYBILL_DATABASE_PORT",
                usual=memory.database_port or _DATABASE_PORT,
                say=self._say,
            )
        place = self._database.start(port, passwords)
        memory.database_port = place.port
        memory.assembly = None
        memory.keep(self._home)
        return place

    def _stop_emulator(self, memory: Memory) -> None:
        if memory.emulator:
            # It has nothing to save: what it keeps is on disk, each object whole.
            memory.emulator.end(patience_seconds=2)
        shutil.rmtree(self._home / "emulator" / "scratch", ignore_errors=True)
        memory.emulator, memory.assembly = None, None
        memory.keep(self._home)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._home.mkdir(parents=True, exist_ok=True)
        with (self._home / "lock").open("w") as held:
            try:
                flock(held, LOCK_EX | LOCK_NB)
            except BlockingIOError as error:
                raise StackError("Another `waybill up` or `down` is under way here.") from error
            yield


def _parameters(place: Location) -> dict[str, str]:
    return {
        "DatabaseHost": place.host,
        "DatabasePort": str(place.port),
        "DatabaseName": place.name,
    }


def _error_text(payload: str) -> str:
    told = json.loads(payload)
    return "\n".join([str(told.get("errorMessage", payload)), *told.get("stackTrace", [])[-3:]])
