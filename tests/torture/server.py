"""A PostgreSQL server that may be killed."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from infra.local.bootstrap import ROLES, bootstrap, set_passwords
from infra.local.postgres import SUPERUSER, Postgres
from tests.postgres.databases import PASSWORD, Database
from tests.postgres.roles import create_test_roles
from tests.stateful.tables import IMPATIENT, UNSEEN
from waybill.database.migrations import migrate

_PATIENCE_SECONDS = 120.0
# Of the log, for a deadlock: both statements, the locks, and where they are in the routines.
_LINES = 40


class Server:
    """A server with one migrated database that has the unseen datasets too."""

    def __init__(self, folder: Path) -> None:
        self.postgres = Postgres(folder)
        self.database = Database(self.postgres.start(), "waybill")
        password = self.postgres.superuser_password
        given = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.database.port}/postgres"
        with psycopg.connect(given, autocommit=True) as owner:
            bootstrap(owner, PASSWORD)
        with self.database.connect() as admin:
            migrate(admin)
            set_passwords(admin, dict.fromkeys(ROLES, PASSWORD))
            create_test_roles(admin)
            admin.execute("SET ROLE waybill_owner")
            admin.execute(UNSEEN.encode())
            admin.execute(IMPATIENT.encode())

    def kill(self) -> None:
        """SIGKILL to every process of the server, then a start on the same port."""
        pid = int((self.postgres.data / "postmaster.pid").read_text().split()[0])
        postmaster = psutil.Process(pid)
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=_PATIENCE_SECONDS)
        self.start()

    def deadlocks(self) -> str:
        """What the server's log says of deadlocks: the statements and the locks they wait for."""
        lines = self.postgres.log.read_text(errors="replace").splitlines()
        places = [place for place, line in enumerate(lines) if "deadlock detected" in line]
        return "\n".join(line for place in places for line in lines[place : place + _LINES])

    def start(self) -> None:
        """Start it again, on the port that everybody knows."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.postgres.start(self.database.port) != self.database.port:
            if time.monotonic() > deadline:
                raise TimeoutError("the server does not come back")


@contextmanager
def own_server(parent: Path | None = None) -> Iterator[Server]:
    """A server that keeps what it has committed, whatever happens; it is erased at the end."""
    folder = Path(tempfile.mkdtemp(prefix="waybill-torture-", dir=parent))
    folder.chmod(0o755)
    try:
        server = Server(folder)
        try:
            yield server
        except Exception as error:
            if found := server.deadlocks():
                error.add_note(found)
            raise
    finally:
        Postgres(folder).erase()
        shutil.rmtree(folder, ignore_errors=True)
