"""A permanent fault fails its job with the reason, and the next file is loaded."""

from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land, settle
from tests.postgres.databases import Connection


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
        fault.setattr("waybill.runs._end", lambda *_: None)
        for _ in range(4):
            with pytest.raises(KeyboardInterrupt):
                FUNCTIONS["chunks"]({"Records": [message]}, Context())
            admin.execute("UPDATE waybill.job_runs SET started_at = started_at - interval '1 h'")
    FUNCTIONS["chunks"]({"Records": [message]}, Context())
    settle(cloud)
    assert ends(admin) == {"bad.csv": "killed-repeatedly"}
