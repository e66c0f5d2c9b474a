"""Each kind of fault during real loads, after which nothing is lost or duplicated."""

import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres.databases import Database
from tests.torture.figures import Figures
from tests.torture.loader_process import LoaderProcess
from tests.torture.loads import Load, load_into
from tests.torture.proxy import Proxy
from tests.torture.server import Server, own_server

_RECORDS = 40_000
_LONGEST_WAIT_SECONDS = 0.7
"""For a file of so many records, on a slow machine; a kill that came too late shortens it."""
_KILLS_PER_FILE = 10
_CRASHES_PER_FILE = 2
_LONG_PAUSES = 0.1


def kill_loaders(database: Database, figures: Figures, kills: int, chance: random.Random) -> None:
    """SIGKILL so many loaders that are at work, at random instants of loads of many chunks."""
    longest = _LONGEST_WAIT_SECONDS
    with load_into(database, figures) as load, tempfile.TemporaryDirectory() as folder:
        done = 0
        while done < kills:
            load.land(_RECORDS)
            path = Path(folder, "object.csv")
            path.write_bytes(load.bodies[-1])
            load.plan()
            for _ in range(min(_KILLS_PER_FILE, kills - done)):
                chance.shuffle(load.cloud.queues["chunks"])
                loader = LoaderProcess(path, load.cloud.queues)
                time.sleep(chance.uniform(0, longest))
                if loader.kill():
                    done += 1
                    figures.faults["loader killed (SIGKILL)"] += 1
                else:
                    # It had come to its end.
                    longest *= 0.95
            load.settle()


def end_backends(database: Database, figures: Figures, files: int, chance: random.Random) -> None:
    """pg_terminate_backend for whoever is connected, all the time."""

    def end() -> None:
        with database.connect() as admin:
            ended = admin.execute(
                "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'waybill-%%' AND datname = current_database()) AS x"
            ).fetchone()
        figures.faults["backend terminated"] += ended[0] if ended else 0

    with load_into(database, figures) as load:
        _while_loading(load, files, end, lambda: _pause(chance))


def cut_connections(
    database: Database, figures: Figures, files: int, chance: random.Random
) -> None:
    """Cut or stall connections at chosen bytes, and right after COMMIT was sent."""
    with load_into(database, figures) as load:
        proxy = Proxy(database.port, chance)
        with proxy as port:
            load.cloud.patch.setenv("DATABASE_PORT", str(port))
            for _ in range(files):
                load.land(_RECORDS)
                load.settle()
        figures.faults.update(proxy.faults)


def kill_servers(server: Server, figures: Figures, kills: int, chance: random.Random) -> None:
    """SIGKILL every process of PostgreSQL in the middle of loads, and start it again.

    Every kill empties the staging tables, so a file is loaded in peace after a few of them.
    """

    def kill() -> None:
        if left:
            left.pop()
            server.kill()
            figures.faults["PostgreSQL killed (SIGKILL)"] += 1

    with load_into(server.database, figures) as load:
        for done in range(0, kills, _CRASHES_PER_FILE):
            left = [None] * min(_CRASHES_PER_FILE, kills - done)
            _while_loading(load, 1, kill, lambda: chance.uniform(0.2, 1.5))


def fill_disk(figures: Figures) -> None:
    """A disk that is full in the middle of a load, and later is not.

    Raises:
        PermissionError: nothing may be mounted here.
    """
    with tempfile.TemporaryDirectory(prefix="waybill-disk-") as name:
        disk = Path(name)
        _mount(disk)
        try:
            disk.chmod(0o755)
            with (
                own_server(disk) as server,
                load_into(server.database, figures, chunk_bytes=1 << 20) as load,
            ):
                load.land(200_000)
                load.plan()
                ballast = disk / "ballast"
                _fill(ballast, leave=1 << 20)
                for _ in range(4):
                    load.cloud.deliver("chunks", 0)
                ballast.unlink()
                refused = server.postgres.log.read_text().count("No space left on device")
                figures.faults["write refused, disk full"] += refused
                server.start()
                load.settle()
        finally:
            subprocess.run([_program("umount"), disk], check=True)


def measure_memory(database: Database, figures: Figures, megabytes: int, most: int) -> int:
    """Peak resident memory, in MB, of a loader that may have `most` MB; one chunk of a file."""
    with (
        load_into(database, figures, chunk_bytes=1 << 40) as load,
        tempfile.TemporaryDirectory() as folder,
    ):
        load.land(megabytes * (1 << 20) // 24)
        path = Path(folder, "object.csv")
        path.write_bytes(load.bodies[-1])
        load.plan()
        loader = LoaderProcess(path, load.cloud.queues, most_bytes=most << 20)
        peak = loader.peak_megabytes()
        size = path.stat().st_size >> 20
        figures.facts[f"peak memory of a loader, {size} MB file"] = f"{peak} MB"
        load.settle()
    return peak


def _while_loading(
    load: Load, files: int, fault: Callable[[], None], pause: Callable[[], float]
) -> None:
    with _again_and_again(fault, pause):
        for _ in range(files):
            load.land(_RECORDS)
            load.cloud.settle(rounds=2000)
    load.settle()


def _pause(chance: random.Random) -> float:
    """Mostly short; now and then long enough for a step to end, on a busy machine too."""
    return chance.uniform(2, 6) if chance.random() < _LONG_PAUSES else chance.uniform(0.02, 0.3)


@contextmanager
def _again_and_again(fault: Callable[[], None], pause: Callable[[], float]) -> Iterator[None]:
    over = threading.Event()
    failed: list[Exception] = []

    def work() -> None:
        try:
            while not over.wait(pause()):
                fault()
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert failed == []


def _mount(disk: Path) -> None:
    made = subprocess.run(
        [_program("mount"), "-t", "tmpfs", "-o", "size=180m", "tmpfs", disk],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise PermissionError(made.stderr.strip())


def _program(name: str) -> str:
    if found := shutil.which(name):
        return found
    raise PermissionError(f"there is no {name} here")


def _fill(ballast: Path, *, leave: int) -> None:
    free = shutil.disk_usage(ballast.parent).free
    with ballast.open("wb") as file:
        for _ in range((free - leave) >> 20):
            file.write(b"\0" * (1 << 20))
