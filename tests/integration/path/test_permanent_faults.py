"""A permanent fault fails its job with the reason, and the next file is loaded."""

import errno
import zlib
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from backports import zstd

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land, settle
from tests.postgres.databases import Connection
from waybill.columns.check import BlockResult, Checker
from waybill.records.block import Block


def break_merges(admin: Connection, state: str) -> None:
    """Let every merge of the file `bad.csv` fail with this SQLSTATE, as late as possible."""
    admin.execute(
        "CREATE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION 'a fault of the server' USING ERRCODE = '{state}'; END $$;"
        "CREATE TRIGGER fault BEFORE UPDATE ON waybill.ingestion_jobs FOR EACH ROW"
        " WHEN (new.state = 'COMPLETED' AND new.filename = 'bad.csv')"
        " EXECUTE FUNCTION public.fault()".encode()
    )


def ends(admin: Connection) -> dict[str, Any]:
    rows = admin.execute(
        "SELECT filename, coalesce(error ->> 'type', state) FROM waybill.ingestion_jobs"
    ).fetchall()
    return dict(rows)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("ZZ001", "database-error"),
        ("XX000", "database-error"),
        ("0A000", "database-error"),
        ("42P01", "database-error"),
        ("P0001", "database-error"),
        ("54000", "data-refused"),
        ("22008", "data-refused"),
        ("40001", "database-timeout"),
        ("57014", "database-timeout"),
        ("53200", "database-out-of-resources"),
    ],
)
def test_an_error_of_the_merge_fails_the_job_and_the_next_is_loaded(
    admin: Connection, cloud: Cloud, state: str, code: str
) -> None:
    break_merges(admin, state)
    land(cloud, "departments", "bad.csv", b"1,Sales\n", second=1)
    land(cloud, "departments", "good.csv", b"2,Legal\n", second=2)
    settle(cloud)
    assert ends(admin) == {"bad.csv": code, "good.csv": "COMPLETED"}
    assert admin.execute("SELECT id, department FROM departments").fetchall() == [(2, "Legal")]


@pytest.mark.parametrize(
    "place",
    [
        "functions.pipeline.plan.plan_object.sniff_object",
        "functions.pipeline.load.stage_chunk.copy_chunk",
    ],
)
def test_an_unknown_exception_fails_the_job(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("nobody foresaw this")

    with monkeypatch.context() as fault:
        fault.setattr(place, broken)
        land(cloud, "departments", "bad.csv", b"1,Sales\n", second=1)
        settle(cloud)
    land(cloud, "departments", "good.csv", b"2,Legal\n", second=2)
    settle(cloud)
    assert ends(admin) == {"bad.csv": "internal-error", "good.csv": "COMPLETED"}


READER_ERRORS = (
    ValueError("x"),
    KeyError("x"),
    IndexError("x"),
    RecursionError("x"),
    MemoryError("x"),
    OverflowError("x"),
    ArithmeticError("x"),
    AssertionError("x"),
    StopIteration("x"),
    UnicodeDecodeError("utf-8", b"x", 0, 1, "x"),
    OSError(errno.EIO, "x"),
    EOFError("x"),
    zlib.error("x"),
    zstd.ZstdError("x"),
    pa.ArrowInvalid("x"),
    pa.ArrowMemoryError("x"),
    pa.ArrowNotImplementedError("x"),
)


def test_whatever_a_reader_raises_fails_the_job_at_the_second_attempt(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: Counter[int] = Counter()
    check = Checker.check

    def broken(checker: Checker, block: Block) -> BlockResult:
        if block.data[:1] != b"9":
            return check(checker, block)
        number = int(block.data.partition(b",")[0]) - 900
        attempts[number] += 1
        raise READER_ERRORS[number]

    monkeypatch.setattr(Checker, "check", broken)
    for number, error in enumerate(READER_ERRORS):
        body = f"id,department\n{900 + number},Sales\n".encode()
        land(cloud, "departments", f"{type(error).__name__}.csv", body, second=number)
    land(cloud, "departments", "good.csv", b"id,department\n2,Legal\n", second=59)
    settle(cloud)
    expected = {f"{type(error).__name__}.csv": "internal-error" for error in READER_ERRORS}
    assert ends(admin) == {**expected, "good.csv": "COMPLETED"}
    assert attempts == dict.fromkeys(range(len(READER_ERRORS)), 2)


def test_attempts_are_counted_by_job_however_many_messages_it_has(
    admin: Connection, cloud: Cloud
) -> None:
    break_merges(admin, "40001")
    land(cloud, "departments", "bad.csv", b"1,Sales\n", second=1)
    for name in ("landed", "chunks"):
        (record,) = cloud.take(name)
        FUNCTIONS[name]({"Records": [record]}, Context())
    (message,) = cloud.take("merges")
    for _ in range(25):
        FUNCTIONS["merges"]({"Records": [message]}, Context())
        cloud.take("merges")
    runs = admin.execute(
        "SELECT count(*) FILTER (WHERE outcome = 'retry') FROM waybill.job_runs"
        " WHERE step = 'merge'"
    )
    assert runs.fetchone() == (10,)
    assert ends(admin) == {"bad.csv": "database-timeout"}


def test_a_job_whose_loader_is_always_killed_fails_at_the_fifth_attempt(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    land(cloud, "departments", "bad.csv", b"1,Sales\n", second=1)
    (event,) = cloud.take("landed")
    FUNCTIONS["landed"]({"Records": [event]}, Context())
    (message,) = cloud.take("chunks")
    with monkeypatch.context() as fault:
        fault.setattr("functions.pipeline.load.stage_chunk.copy_chunk", killed)
        # A killed process cannot record how its run ended.
        fault.setattr("waybill.runs._Attempt.end", lambda *_: None)
        for _ in range(4):
            with pytest.raises(KeyboardInterrupt):
                FUNCTIONS["chunks"]({"Records": [message]}, Context())
            admin.execute("UPDATE waybill.job_runs SET started_at = started_at - interval '1 h'")
    FUNCTIONS["chunks"]({"Records": [message]}, Context())
    settle(cloud)
    assert ends(admin) == {"bad.csv": "killed-repeatedly"}
