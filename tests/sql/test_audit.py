"""The audit log: entries are added, and never changed."""

from collections.abc import Iterator
from threading import Thread

import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.postgres.databases import Connection, Database
from waybill.ids import new_id

Entry = tuple[str, str | None, str | None]


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def entries(admin: Connection) -> list[Entry]:
    rows = admin.execute(
        "SELECT action, actor, source FROM waybill.audit_logs ORDER BY occurred_at, audit_id"
    )
    return rows.fetchall()


def act_as(connection: Connection, principal: str, source: str) -> None:
    connection.execute(
        "SELECT set_config('waybill.principal', %s, false),"
        " set_config('waybill.source', %s, false)",
        (principal, source),
    )


def register(connection: Connection, job: object) -> None:
    connection.execute(
        "SELECT waybill.register_ticket(%s, 'departments', 'a.csv', 1, '{}', now(), now())", (job,)
    )


def test_new_and_cancelled_jobs_have_entries_with_their_callers(
    database: Database, admin: Connection
) -> None:
    job = new_id()
    with database.connect("waybill_plan") as plan, database.connect("waybill_jobs") as jobs:
        act_as(plan, "ada", "203.0.113.7")
        register(plan, job)
        act_as(jobs, "eve", "203.0.113.8")
        jobs.execute("SELECT waybill.cancel_job(%s)", (job,))
        jobs.execute("SELECT waybill.cancel_job(%s)", (job,))
        jobs.execute("SELECT waybill.audit_read(%s, 'rejects')", (job,))
    assert entries(admin) == [
        ("job.created", "ada", "203.0.113.7"),
        ("job.cancelled", "eve", "203.0.113.8"),
        ("rejects.read", "eve", "203.0.113.8"),
    ]


def test_an_object_without_a_ticket_has_no_actor(database: Database, admin: Connection) -> None:
    with database.connect("waybill_plan") as plan:
        act_as(plan, "", "")
        register(plan, new_id())
    assert entries(admin) == [("job.created", None, None)]


def test_a_rolled_back_change_has_no_entry(database: Database, admin: Connection) -> None:
    with database.connect("waybill_plan") as plan, plan.transaction(force_rollback=True):
        register(plan, new_id())
    assert entries(admin) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE waybill.audit_logs SET actor = 'nobody'",
        "DELETE FROM waybill.audit_logs",
        "TRUNCATE waybill.audit_logs",
    ],
)
@pytest.mark.parametrize("replica", [False, True], ids=["origin", "replica"])
def test_not_even_the_owner_changes_an_entry(
    database: Database, admin: Connection, change: str, *, replica: bool
) -> None:
    with database.connect("waybill_plan") as plan:
        register(plan, new_id())
    admin.execute("SET ROLE waybill_owner")
    if replica:
        admin.execute("SET session_replication_role = replica")
    (partition,) = admin.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhparent = 'waybill.audit_logs'::regclass ORDER BY 1"
    ).fetchone() or ("",)
    for table in ("waybill.audit_logs", partition):
        with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
            admin.execute(change.replace("waybill.audit_logs", table).encode())
    assert len(entries(admin)) == 1


@pytest.mark.parametrize("verb", ["INSERT", "UPDATE", "DELETE", "TRUNCATE"])
def test_no_function_may_write_the_log_itself(admin: Connection, verb: str) -> None:
    able = admin.execute(
        "SELECT r.rolname, c.relname FROM pg_roles AS r, pg_class AS c"
        " WHERE c.relname LIKE 'audit\\_logs%%' AND c.relkind IN ('r', 'p')"
        " AND r.rolname LIKE 'waybill\\_%%'"
        " AND r.rolname NOT IN ('waybill_owner', 'waybill_admin')"
        " AND has_table_privilege(r.oid, c.oid, %s)",
        (verb,),
    ).fetchall()
    assert able == []


def imported(at: str, **values: object) -> dict[str, object]:
    return {"occurred_at": at, "audit_id": str(new_id()), "action": "token.refused", **values}


def add(connection: Connection, *found: dict[str, object]) -> int:
    row = connection.execute("SELECT waybill.import_audit(%s)", (Jsonb(list(found)),)).fetchone()
    assert row
    return int(row[0])


def test_imported_entries_are_added_once_to_the_partition_of_their_month(
    database: Database, admin: Connection
) -> None:
    past = admin.execute("SELECT (now() - interval '70 days')::text, to_char(date_trunc('month',"
        " now() AT TIME ZONE 'UTC' - interval '70 days'), 'YYYY_MM')").fetchone()  # fmt: skip
    assert past
    at, month = past
    entry = imported(at, source="203.0.113.9", detail={"reason": "expired"})
    with database.connect("waybill_reap") as reap:
        assert add(reap, entry, imported(at)) == 2
        assert add(reap, entry) == 0
    found = admin.execute(
        "SELECT DISTINCT tableoid::regclass::text FROM waybill.audit_logs"
    ).fetchall()
    assert found == [(f"waybill.audit_logs_{month}",)]


@pytest.mark.parametrize("offset", ["-14 months", "2 days"])
def test_entries_of_impossible_times_are_left_out(
    database: Database, admin: Connection, offset: str
) -> None:
    row = admin.execute("SELECT (now() + %s::interval)::text", (offset,)).fetchone()
    assert row
    with database.connect("waybill_reap") as reap:
        assert add(reap, imported(row[0])) == 0
    assert entries(admin) == []


def months(admin: Connection) -> list[int]:
    """Months of the partitions, counted from this one."""
    rows = admin.execute(
        "SELECT round(extract(epoch FROM to_date(right(c.relname, 7), 'YYYY_MM')"
        " - date_trunc('month', now() AT TIME ZONE 'UTC')) / 2629746)::integer"
        " FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'waybill.audit_logs'::regclass ORDER BY c.relname"
    )
    return [month for (month,) in rows]


def test_partitions_are_made_ahead_and_dropped_after_a_year(
    database: Database, admin: Connection
) -> None:
    admin.execute("SET ROLE waybill_owner")
    for age in (14, 13, 12, 11):
        admin.execute(
            "SELECT waybill.add_audit_partition(date_trunc('month', now(), 'UTC')"
            " - %s * interval '1 month')", (age,),
        )  # fmt: skip
    with database.connect("waybill_reap") as reap:
        assert reap.execute("SELECT waybill.keep_audit_logs()").fetchone() == (2,)
        assert reap.execute("SELECT waybill.keep_audit_logs()").fetchone() == (0,)
    assert months(admin) == [-12, -11, 0, 1, 2, 3]


def test_a_partition_in_use_is_dropped_later(database: Database, admin: Connection) -> None:
    admin.execute(
        "SELECT waybill.add_audit_partition(date_trunc('month', now(), 'UTC')"
        " - interval '14 months')"
    )
    with database.connect("waybill_queries") as reader, database.connect("waybill_reap") as reap:
        with reader.transaction():
            reader.execute("SELECT count(*) FROM waybill.audit_logs")
            assert reap.execute("SELECT waybill.keep_audit_logs()").fetchone() == (0,)
        assert reap.execute("SELECT waybill.keep_audit_logs()").fetchone() == (1,)


def test_the_first_writers_of_a_new_database_do_not_wait_for_each_other(
    database: Database, admin: Connection
) -> None:
    with database.connect("waybill_plan") as first, database.connect("waybill_plan") as second:
        second.execute("SET lock_timeout = '1s'")
        with first.transaction():
            register(first, new_id())
            register(second, new_id())
    assert len(entries(admin)) == 2


def test_two_sessions_make_the_partition_of_a_month_once(
    database: Database, admin: Connection
) -> None:
    (month,) = admin.execute(
        "SELECT to_char(now() AT TIME ZONE 'UTC', '\"audit_logs_\"YYYY_MM')"
    ).fetchone() or ("",)
    admin.execute(f"DROP TABLE waybill.{month}".encode())
    with database.connect("waybill_plan") as first, database.connect("waybill_plan") as second:
        with first.transaction():
            register(first, new_id())
            waiting = Thread(target=register, args=(second, new_id()))
            waiting.start()
            wait_for_lock(admin)
        waiting.join()
    assert len(entries(admin)) == 2


def wait_for_lock(admin: Connection) -> None:
    query = (
        "SELECT EXISTS (SELECT FROM pg_locks"
        " WHERE relation = 'waybill.audit_logs'::regclass AND NOT granted)"
    )
    while admin.execute(query.encode()).fetchone() == (False,):
        pass
