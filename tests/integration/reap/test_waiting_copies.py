"""Only a COPY that has been waiting for its client is ended, not one that is working."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from tests.integration.reap.stalled_jobs import pass_time
from tests.postgres.databases import Connection, Database
from waybill.database.reaper import Reaper

ROW = b"0\t1\t1\tSales\n"
HOLD = (
    "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
    " $f$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $f$"
)


def held_trigger(admin: Connection, timing: str) -> str:
    """The staging table, with a trigger that waits until `admin` releases the lock."""
    ((stage,),) = admin.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE 's\\_%'"
    ).fetchall()
    admin.execute(HOLD)
    admin.execute(
        f"CREATE TRIGGER hold {timing} INSERT ON staging.{stage} FOR EACH ROW"
        " EXECUTE FUNCTION hold()".encode()
    )
    admin.execute("SELECT pg_advisory_lock(42)")
    return f"staging.{stage}"


@contextmanager
def copying(loader: Connection, stage: str) -> Iterator[psycopg.Copy]:
    """A COPY that has sent one row."""
    with loader.cursor() as cursor, cursor.copy(f"COPY {stage} FROM STDIN".encode()) as copy:
        copy.write(ROW)
        while loader.pgconn.flush():
            pass
        yield copy


def await_event(admin: Connection, loader: Connection, event: str) -> None:
    """Return when the loader's server process waits for this."""
    pid = loader.info.backend_pid
    found = "SELECT wait_event FROM pg_stat_activity WHERE pid = %s"
    for _ in range(3000):
        if admin.execute(found, (pid,)).fetchone() == (event,):
            return
        admin.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(f"it does not wait for {event}")


@pytest.fixture
def connections(database: Database) -> Iterator[tuple[Connection, Reaper]]:
    with (
        database.connect("waybill_load") as loader,
        database.connect("waybill_reap") as looking,
    ):
        # So that a test that fails ends.
        loader.execute("SET lock_timeout = '20s'")
        yield loader, Reaper(looking)


@pytest.mark.usefixtures("planned")
def test_time_in_which_a_copy_was_at_work_does_not_count(
    admin: Connection, connections: tuple[Connection, Reaper]
) -> None:
    loader, reaper = connections
    with copying(loader, held_trigger(admin, "BEFORE")):
        await_event(admin, loader, "advisory")
        assert reaper.end_stalled_copies(5) == 0
        pass_time(admin, "6 minutes")
        admin.execute("SELECT pg_advisory_unlock(42)")
        await_event(admin, loader, "ClientRead")
        assert reaper.end_stalled_copies(5) == 0


@pytest.mark.usefixtures("planned")
def test_a_copy_that_has_everything_and_is_at_work_is_left_alone(
    admin: Connection, connections: tuple[Connection, Reaper]
) -> None:
    loader, reaper = connections
    with ThreadPoolExecutor(1) as pool:
        copy = copying(loader, held_trigger(admin, "AFTER"))
        copy.__enter__()
        await_event(admin, loader, "ClientRead")
        assert reaper.end_stalled_copies(5) == 0
        pass_time(admin, "6 minutes")
        finishing = pool.submit(copy.__exit__, None, None, None)
        await_event(admin, loader, "advisory")
        ended = reaper.end_stalled_copies(5)
        admin.execute("SELECT pg_advisory_unlock(42)")
        finishing.result()
    assert ended == 0
