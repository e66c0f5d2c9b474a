"""An archive is taken back whole, or not at all."""

import json
from collections.abc import Sequence
from uuid import UUID

import psycopg
import pytest

from tests.sql.blocked_calls import running, waits
from tests.sql.staging import Ledger
from tests.sql.test_queued_reverts import document, refuse, request, step
from tests.sql.test_reverts import TABLE
from tests.sql.unseen_tables import register

ARCHIVE = UUID("019a0000-0000-7000-8000-000000000001")


def pack(ledger: Ledger, members: Sequence[UUID]) -> UUID:
    """An archive with these jobs as its members."""
    ledger.admin.execute(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, archive_format, read,"
        " started_at, finished_at) SELECT %s, dataset, 'COMPLETED', 'zip', 0, now(), now()"
        " FROM waybill.ingestion_jobs WHERE job_id = %s",
        (ARCHIVE, members[0]),
    )
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET archive_job_id = %s WHERE job_id = ANY (%s)",
        (ARCHIVE, list(members)),
    )
    return ARCHIVE


def chain(ledger: Ledger, members: int) -> list[UUID]:
    """Each file changes a row of the one before it, and inserts two."""
    return [
        ledger.load("t", n, [(2 * n, n, "a"), (2 * n + 1, n, "b"), (2 * n - 1, n, "c")])
        for n in range(1, members + 1)
    ]


def content(ledger: Ledger) -> list[tuple[object, ...]]:
    """All that a revert changes."""
    return ledger.rows(
        "SELECT (SELECT string_agg(t::text, ',' ORDER BY id) FROM t),"
        " (SELECT string_agg(i::text, ',' ORDER BY image_id) FROM waybill.row_images AS i),"
        " (SELECT count(*) FROM waybill.reverts), (SELECT count(*) FROM waybill.outbox),"
        " (SELECT string_agg(state, ',' ORDER BY job_id) FROM waybill.ingestion_jobs)"
    )


def test_members_that_changed_rows_of_each_other_are_taken_back(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 0, [(1, 0, "before"), (100, 0, "before")])
    before = ledger.rows("SELECT t::text FROM t ORDER BY id")
    members = chain(ledger, 4)
    archive = pack(ledger, members)
    request(ledger, archive)
    assert step(ledger, archive)["outcome"] == "merged"
    assert ledger.rows("SELECT t::text FROM t ORDER BY id") == before
    shown = document(ledger, archive)
    assert shown["state"] == "REVERTED"
    assert [shown["revert"][name] for name in ("rows", "removed", "restored")] == [12, 8, 4]
    assert {document(ledger, each)["state"] for each in members} == {"REVERTED"}
    assert step(ledger, archive)["outcome"] == "ended"


@pytest.mark.parametrize("touched", range(4))
def test_one_member_that_is_refused_keeps_all(ledger: Ledger, touched: int) -> None:
    register(ledger, TABLE)
    archive = pack(ledger, chain(ledger, 4))
    row = 2 * touched + 2
    ledger.declare(f"UPDATE t SET note = 'hand' WHERE id = {row}")
    request(ledger, archive)
    before = content(ledger)
    assert refuse(ledger, archive)["outcome"] == "merged"
    assert content(ledger) == before
    shown = document(ledger, archive)
    assert shown["state"] == "COMPLETED"
    assert f"(id = {row}) was changed by a statement" in shown["revert_error"]["detail"]


@pytest.mark.parametrize("reverted", range(1, 5))
def test_a_revert_killed_between_members_has_changed_nothing(ledger: Ledger, reverted: int) -> None:
    register(ledger, TABLE)
    archive = pack(ledger, chain(ledger, 3))
    request(ledger, archive)
    # It waits there; the fourth waybill is that of the archive.
    ledger.declare(
        "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF (SELECT count(*) FROM waybill.reverts) = {reverted} THEN"
        " PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NULL; END $$;"
        "CREATE TRIGGER pause AFTER INSERT ON waybill.reverts"
        " FOR EACH STATEMENT EXECUTE FUNCTION pause()"
    )
    before = content(ledger)
    ledger.admin.execute("SELECT pg_advisory_lock(4711)")
    with ledger.database.connect("pipeline") as killed:
        revert = "SELECT waybill.revert_step(%s)"
        with running(lambda: killed.execute(revert, (archive,))) as call:
            assert waits(ledger.database, call)
            ledger.admin.execute("SELECT pg_terminate_backend(%s)", (killed.info.backend_pid,))
            with pytest.raises(psycopg.OperationalError):
                call.result()
    assert content(ledger) == before
    ledger.admin.execute("SELECT pg_advisory_unlock(4711)")
    assert step(ledger, archive)["outcome"] == "merged"
    assert ledger.rows("SELECT count(*) FROM t") == [(0,)]


def test_records_that_one_member_left_out_for_another_keep_neither(ledger: Ledger) -> None:
    register(ledger, TABLE)
    first, second = ledger.land("t", 1), ledger.land("t", 2)
    for member, note in ((second, "b"), (first, "a")):
        ledger.stage(member, "t", [(1, 1, note)])
        assert ledger.merge(member)["outcome"] == "merged"
    assert ledger.waybill(first) == {"read": 1, "superseded": 1}
    archive = pack(ledger, [first, second])
    request(ledger, archive)
    assert step(ledger, archive)["outcome"] == "merged"
    assert ledger.rows("SELECT * FROM t") == []


def test_rows_without_a_key_are_taken_back_from_every_member(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int)")
    ledger.load("t", 0, [(7,)])
    archive = pack(ledger, [ledger.load("t", n, [(7,), (n,)]) for n in (1, 2)])
    request(ledger, archive)
    step(ledger, archive)
    assert ledger.rows("SELECT id FROM t") == [(7,)]


def test_members_that_replace_each_other_are_taken_back(ledger: Ledger) -> None:
    register(ledger, TABLE, ", write_disposition => 'replace'")
    ledger.load("t", 0, [(1, 0, "before"), (2, 0, "before")])
    before = ledger.rows("SELECT t::text FROM t ORDER BY id")
    archive = pack(ledger, [ledger.load("t", n, [(n, n, "x"), (9, n, "y")]) for n in (1, 2, 3)])
    request(ledger, archive)
    step(ledger, archive)
    assert ledger.rows("SELECT t::text FROM t ORDER BY id") == before


def test_pending_records_of_every_member_go_with_them(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t);"
        " SELECT waybill.register_dataset('t')"
    )
    archive = pack(ledger, [ledger.load("t", n, [(n, 9), (10 * n, None)]) for n in (1, 2)])
    assert ledger.rows("SELECT count(*) FROM waybill.pending_references") == [(2,)]
    request(ledger, archive)
    step(ledger, archive)
    assert ledger.rows("SELECT count(*) FROM waybill.pending_references") == [(0,)]
    shown = document(ledger, archive)["revert"]
    assert (shown["removed"], shown["withdrawn"]) == (2, 2)


def read_by_revert(ledger: Ledger, members: int) -> tuple[int, dict[str, int]]:
    """Rows that the revert of an archive of so many members reads, in all and by table."""
    archive = UUID(int=ARCHIVE.int + members)
    ledger.admin.execute(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, archive_format, read,"
        " contract, started_at, finished_at)"
        " VALUES (%s, 't', 'COMPLETED', 'zip', 0, '{}', now(), now())",
        (archive,),
    )
    place = 10**15 + members * 10**6
    ledger.admin.execute(
        "INSERT INTO waybill.ingestion_jobs (dataset, state, filename, archive_job_id, read,"
        " inserted, updated, contract, landing_order, started_at, finished_at, job_id, object_key)"
        " SELECT 't', 'COMPLETED', 'f', %s, 2, 1, 1, '{}', %s + n, now(), now(), uuidv7(), n"
        " FROM generate_series(1, %s) AS n",
        (archive, place, members),
    )
    # Each inserts a row, and changes that of the one before it.
    ledger.admin.execute("SET waybill.images = 'off'")
    ledger.admin.execute(
        "INSERT INTO t SELECT %s + n, n, 'x', %s + least(n + 1, %s)"
        " FROM generate_series(0, %s) AS n",
        (members * 10**4, place, members, members),
    )
    ledger.admin.execute("SET waybill.images = 'on'")
    ledger.admin.execute(
        "INSERT INTO waybill.row_images (dataset, job_id, landed, record)"
        " SELECT 't', j.job_id, j.landing_order - 1, jsonb_build_object('id', %s + n - 1, 'n',"
        " n - 1, 'note', 'before', '_landed', j.landing_order - 1)"
        " FROM waybill.ingestion_jobs AS j"
        " CROSS JOIN LATERAL (SELECT j.landing_order - %s) AS x (n)"
        " WHERE j.archive_job_id = %s",
        (members * 10**4, place, archive),
    )
    ledger.admin.execute("ANALYZE")
    request(ledger, archive)
    with ledger.admin.transaction():
        # A table as small as this one may as well be scanned where an index would do.
        ledger.admin.execute("SET LOCAL enable_seqscan = off")
        ledger.admin.execute("SELECT waybill.revert_step(%s)", (archive,))
        read: dict[str, int] = dict(
            ledger.admin.execute(
                "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
                " FROM pg_stat_xact_all_tables WHERE schemaname <> 'pg_toast'"
            ).fetchall()
        )
    assert document(ledger, archive)["revert"]["rows"] == 2 * members
    return sum(read.values()), read


def test_the_work_of_a_revert_grows_with_the_members(ledger: Ledger) -> None:
    register(ledger, TABLE)
    some, _ = read_by_revert(ledger, 250)
    more, by_table = read_by_revert(ledger, 1000)
    assert more < 5 * some, json.dumps(by_table)
    # The sum is mostly of catalogs. A scan for each member would read 500,000 of these rows.
    assert by_table["t"] < 20 * 1000
