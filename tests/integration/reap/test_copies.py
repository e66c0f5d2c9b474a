"""A COPY whose client is frozen is ended; its chunk is staged by the next loader."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import settle
from tests.integration.reap.stalled_jobs import pass_time, reap, states
from tests.postgres.databases import Connection, Database
from waybill.database.reaper import Reaper


@contextmanager
def frozen_loader(database: Database, admin: Connection) -> Iterator[None]:
    """A loader of chunk 0 of the only job, stopped in the middle of its COPY."""
    row = admin.execute(
        "SELECT job_id::text, format('staging.%I', waybill.stage_name(job_id))"
        " FROM waybill.ingestion_jobs"
    ).fetchone()
    assert row
    program = [sys.executable, str(Path(__file__).with_name("stalled_copy.py"))]
    given = [database.dsn_for("waybill_load"), *row]
    with subprocess.Popen([*program, *given], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout
            assert child.stdout.readline() == "copying\n"
            child.send_signal(signal.SIGSTOP)
            yield
        finally:
            child.send_signal(signal.SIGKILL)


def copying(admin: Connection) -> int:
    row = admin.execute("SELECT count(*) FROM pg_stat_progress_copy").fetchone()
    assert row
    return int(row[0])


def test_a_frozen_client_is_ended_and_its_chunk_is_staged(
    admin: Connection, planned: Cloud, database: Database
) -> None:
    with frozen_loader(database, admin):
        assert reap() == {}
        assert reap() == {}
        assert copying(admin) == 1
        pass_time(admin, "6 minutes")
        assert reap() == {"copies_ended": 1}
        for _ in range(100):
            if not copying(admin):
                break
            admin.execute("SELECT pg_sleep(0.05)")
        assert copying(admin) == 0
        settle(planned)
    assert states(admin) == {"a.csv": "COMPLETED"}
    assert admin.execute("SELECT count(*) FROM departments").fetchone() == (2,)


def test_a_copy_that_progresses_is_left_alone(
    admin: Connection, planned: Cloud, database: Database
) -> None:
    assert planned
    with (
        database.connect("waybill_reap") as looking,
        database.connect("waybill_load") as loader,
        loader.cursor() as cursor,
    ):
        stage = admin.execute("SELECT relname FROM pg_class WHERE relname LIKE 's\\_%'").fetchone()
        assert stage
        with cursor.copy(f"COPY staging.{stage[0]} FROM STDIN".encode()) as copy:
            for line in range(3):
                copy.write(b"0\t%d\t1\t%s\n" % (line, b"x" * 70_000))
                admin.execute("SELECT pg_sleep(0.1)")
                assert Reaper(looking).end_stalled_copies(5) == 0
                pass_time(admin, "4 minutes")
        assert cursor.rowcount == 3


def test_another_role_cannot_end_a_loader(admin: Connection, database: Database) -> None:
    assert admin
    with database.connect("api") as other:
        allowed = other.execute(
            "SELECT has_function_privilege('waybill.end_stalled_copies(integer)', 'EXECUTE')"
        ).fetchone()
    assert allowed == (False,)
