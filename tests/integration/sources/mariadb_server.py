"""A MariaDB server of the tests' own, on a port of its own."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pymysql

from infra.local.postgres import free_port, is_listening
from tests.programs import find_program

USER, PASSWORD = "reader", "reader's \\ password"
_PATIENCE_SECONDS = 120.0


class MariaDb(NamedTuple):
    """A running server with the database `legacy`, which `USER` may read and write."""

    port: int
    socket: Path

    def execute(self, *statements: str) -> None:
        """Run statements as the administrator."""
        with self._connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _connect(self) -> "pymysql.Connection[Any]":
        owner = pwd.getpwuid(os.getuid()).pw_name
        return pymysql.connect(
            unix_socket=str(self.socket), user=owner, database="mysql", autocommit=True
        )


@contextmanager
def running_mariadb(folder: Path) -> Iterator[MariaDb]:
    """A server that keeps its files in the folder, and is stopped at the end."""
    install = find_program("mariadb-install-db")
    program = find_program("mariadbd", "/usr/sbin/mariadbd")
    data, socket = folder / "data", folder / "s"
    user = pwd.getpwuid(os.getuid()).pw_name
    common = ["--no-defaults", f"--datadir={data}"]
    subprocess.run(
        [install, *common, f"--user={user}", "--auth-root-authentication-method=socket",
         f"--auth-root-socket-user={user}", "--skip-test-db"],
        check=True, capture_output=True,
    )  # fmt: skip
    server = MariaDb(free_port(), socket)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [program, *common, f"--user={user}", f"--socket={socket}", f"--port={server.port}",
         "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"],
        stdout=log, stderr=log,
    )  # fmt: skip
    try:
        _await(process, server)
        secret = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        server.execute(
            "CREATE DATABASE legacy CHARACTER SET utf8mb4",
            f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{secret}'",
            f"GRANT ALL ON legacy.* TO '{USER}'@'127.0.0.1'",
        )
        yield server
    finally:
        process.terminate()
        process.wait()
        log.close()
        shutil.rmtree(data, ignore_errors=True)


def _await(process: "subprocess.Popen[bytes]", server: MariaDb) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_listening(server.port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError("the server does not listen")
        time.sleep(0.05)
