"""Starts and stops the local stack and reports its state."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from infra.local import emulator
from infra.local.access_key import load_access_key
from infra.local.bootstrap import ADMIN
from infra.local.clients import Clients
from infra.local.console import write_settings
from infra.local.databases import Location, choose_database
from infra.local.deployer import deploy
from infra.local.emulator_unpacking import discard
from infra.local.issuer import Issuer, key_file, load_issuer
from infra.local.migration import MigrationError, migrate, migrate_database
from infra.local.object_events import reemit_object_events
from infra.local.passwords import load_passwords, store_in_secrets_manager
from infra.local.ports import choose_port
from infra.local.settings import LocalSettings
from infra.local.stack_error import StackError
from infra.local.stack_state import StackState
from infra.local.status import Status
from infra.local.synth import assembly, fingerprint

STACK = "waybill-local"
_DATABASE_PORT = 54318
Say = Callable[[str], None]


class Stack:
    """The local stack of one home folder."""

    def __init__(self, settings: LocalSettings, say: Say) -> None:
        self._settings = settings
        self._home: Path = settings.waybill_home.resolve()
        self.database = choose_database(settings)
        self._say = say
        self.migrated: str | None = None
        """The response of `migrate`, if `up` called it."""

    def status(self) -> Status:
        """The state and the addresses of the stack."""
        state = StackState.load(self._home)
        location = self.database.location(state.database_port)
        alive = state.emulator is not None and state.emulator.is_running()
        if not alive and (location is None or self._settings.database_url):
            return Status()
        if not alive or location is None or state.assembly is None:
            return Status(state="partial")
        url = location.url(ADMIN, load_passwords(self._home)[ADMIN])
        return Status.up(
            state.emulator_port or 0,
            state.outputs,
            url,
            load_access_key(self._home),
            self.issuer().token(),
        )

    def issuer(self) -> Issuer:
        """The issuer of the tokens that this stack accepts."""
        return load_issuer(self._home)

    def up(self) -> Status:
        """Start what does not run, deploy, migrate, and return the status.

        Raises:
            StackError: another command is running.
            MigrationError: the stack is up with its former tables, or down if it had none.
        """
        with self._lock():
            state = StackState.load(self._home)
            if self.status().state == "up" and state.assembly == fingerprint():
                return self.status()
            self._stop_emulator(state)
            try:
                self._start(state)
            except BaseException as error:
                if not (isinstance(error, MigrationError) and state.assembly):
                    # Do not leave a partly started stack behind.
                    self._stop_emulator(state)
                    self.database.stop()
                raise
        return self.status()

    def down(self, *, erase: bool = False) -> None:
        """Stop everything; with `erase`, also delete all data."""
        if not self._home.is_dir():
            return
        with self._lock():
            self._stop_emulator(StackState.load(self._home))
            if erase:
                self.database.erase()
            else:
                self.database.stop()
        if erase:
            discard(self._home)

    @property
    def erased(self) -> str:
        """What `down` erases."""
        if self._settings.database_url:
            return f"the files in {self._home}; the tables in {self.database.name} stay"
        return f"the files in {self._home} and {self.database.name}"

    def clients(self) -> Clients:
        """AWS clients of the running emulator."""
        port = StackState.load(self._home).emulator_port or 0
        return Clients(port, load_access_key(self._home))

    def migrate(self) -> str:
        """Invoke the deployed `migrate` function and return its response.

        Raises:
            MigrationError: it failed.
        """
        return migrate(self.clients(), StackState.load(self._home).outputs)

    def _check_database(self, state: StackState) -> None:
        """The files of one database are never loaded into another."""
        if state.database not in (None, self.database.name):
            raise StackError(
                f"The files in {self._home} belong to {state.database}, not to"
                f" {self.database.name}. Set WAYBILL_HOME to another folder, or erase them with"
                " `make down ERASE=1`."
            )
        state.database = self.database.name

    def _start(self, state: StackState) -> None:
        self._check_database(state)
        passwords = load_passwords(self._home)
        with ThreadPoolExecutor(1) as background:
            synthesised = background.submit(assembly)
            location = self._start_database(state, passwords)
            self._start_emulator(state)
            if not synthesised.done():
                self._say("Synthesising the infrastructure …")
            folder = synthesised.result()
        clients = self.clients()
        self._say("Deploying to the AWS emulator …")
        store_in_secrets_manager(clients, passwords)
        parameters = {
            **_parameters(location),
            "TokenJwks": self.issuer().jwks,
            "ConsoleUrl": f"{clients.endpoint}/",
        }
        state.outputs = deploy(clients, folder, STACK, parameters)
        state.save(self._home)
        self._say("Migrating the database …")
        self.migrated, failure = migrate_database(clients, state.outputs, location, passwords)
        since, state.events_emitted_at = state.events_emitted_at, datetime.now(UTC)
        reemit_object_events(clients, state.outputs, since)
        self._warm(state)
        state.assembly = folder.name
        state.save(self._home)
        if failure:
            raise failure

    def _warm(self, state: StackState) -> None:
        """Start the pipeline's functions with an empty batch, before the first file."""
        invoke = self.clients()("lambda").invoke
        for function in ("Plan", "Load", "Merge"):
            name = state.outputs[f"{function}FunctionName"]
            invoke(FunctionName=name, InvocationType="Event", Payload=b'{"Records": []}')

    def _start_database(self, state: StackState, passwords: dict[str, str]) -> Location:
        running = self.database.location(state.database_port)
        port = running.port if running else 0
        if not running and not self._settings.database_url:
            self._say("Starting PostgreSQL …")
            port = choose_port(
                "PostgreSQL",
                chosen=self._settings.waybill_database_port,
                variable="WAYBILL_DATABASE_PORT",
                usual=state.database_port or _DATABASE_PORT,
                say=self._say,
            )
        location = self.database.start(port, passwords)
        state.database_port = location.port
        state.assembly = None
        state.save(self._home)
        return location

    def _start_emulator(self, state: StackState) -> None:
        port = choose_port(
            "the AWS emulator",
            chosen=self._settings.waybill_port,
            variable="WAYBILL_PORT",
            usual=state.emulator_port or emulator.PREFERRED_PORT,
            say=self._say,
        )
        state.emulator_port = port
        folder = self._home / "emulator"
        console = write_settings(folder, port, self.issuer(), key_file(self._home))
        key, smtp = load_access_key(self._home), self._settings.waybill_smtp
        state.emulator = emulator.start(folder, port, key, console, smtp)
        state.save(self._home)

    def _stop_emulator(self, state: StackState) -> None:
        if state.emulator:
            # It has nothing to flush: every object is already on disk.
            state.emulator.stop(timeout_seconds=2)
        # What is left is refused, or deleted, by the next emulator.
        with suppress(OSError):
            discard(self._home / "emulator" / "scratch")
        state.emulator, state.assembly = None, None
        state.save(self._home)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._home.mkdir(parents=True, exist_ok=True)
        with (self._home / "lock").open("w") as lock:
            try:
                flock(lock, LOCK_EX | LOCK_NB)
            except BlockingIOError as error:
                raise StackError("Another `waybill up` or `down` is running.") from error
            yield


def _parameters(location: Location) -> dict[str, str]:
    return {
        "DatabaseHost": location.host,
        "DatabasePort": str(location.port),
        "DatabaseName": location.name,
    }
