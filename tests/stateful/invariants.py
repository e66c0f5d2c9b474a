"""Invariants that hold whenever the queues are empty."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.postgres.databases import Connection
from tests.stateful.generators import PROVOKED
from tests.stateful.model import DRIFTED, File, check_insert_only, expected, missing
from tests.stateful.plain_reload import reload
from tests.stateful.tables import TABLES, Row, Table
from waybill.state.markers import job_of_marker

_PATIENCE_SECONDS = 120.0


def check(admin: Connection, files: Iterable[File], published: list[dict[str, Any]]) -> None:
    """Compare everything with the model; `published` are the events that the bus received."""
    files = list(files)
    expected_rows = expected(files)
    for table in TABLES.values():
        if table.insert_only:
            check_insert_only(table, files, _rows(admin, table))
        else:
            assert _rows(admin, table) == expected_rows[table.name], table.name
    by_object = {(file.key, file.version): file for file in files}
    heard = {detail["job_id"] for detail in published}
    # A job without an object is an upload that never came, or a replay that died before.
    jobs = _dicts(
        admin,
        "SELECT to_jsonb(j) FROM waybill.ingestion_jobs AS j"
        " WHERE object_key IS NOT NULL OR state NOT IN ('EXPIRED', 'AWAITING_UPLOAD')",
    )
    assert {(job["object_key"], job["version_id"]) for job in jobs} == by_object.keys()
    assert len(jobs) == len(files)
    for job in jobs:
        file = by_object[job["object_key"], job["version_id"]]
        if job["state"] == "DUPLICATE":
            _check_duplicate(admin, job, file, files)
        _check_job(admin, job, file)
        if file.is_archive:
            _check_remaining(admin, job, file, files)
        _check_pending(admin, job, file, expected_rows)
        if has_rejects(job, file):
            query = "SELECT waybill.rejects_remaining(%s)"
            assert _column(admin, query, job["job_id"]) == [file.remaining(files)], job
        if not file.cancelled:
            assert job["job_id"] in heard, ("nobody was published", job)
    _check_nothing_is_left(admin)


def has_rejects(job: dict[str, Any], file: File) -> bool:
    """Whether the rejects of a job can be replayed, and the model knows how many there are."""
    return (
        file.ends
        and not (file.table.insert_only or file.reverted)
        and job["state"] != "DUPLICATE"
        # Those of its members count with them.
        and not file.is_archive
    )


def check_views(admin: Connection) -> None:
    """Compare the views of a refreshed database with the tables they were made from."""
    figures = (
        "SELECT year, department, job, q1, q2, q3, q4 FROM ("
        " SELECT year, department_id AS department, job_id AS job, q1, q2, q3, q4"
        " FROM mv_hires_q) AS figures"
    )
    counted = """
        SELECT extract(year FROM hired)::integer, department_id, job_id,
            count(*) FILTER (WHERE extract(quarter FROM hired) = 1),
            count(*) FILTER (WHERE extract(quarter FROM hired) = 2),
            count(*) FILTER (WHERE extract(quarter FROM hired) = 3),
            count(*) FILTER (WHERE extract(quarter FROM hired) = 4)
        FROM (SELECT *, hire_dt AT TIME ZONE 'UTC' AS hired FROM hired_employees) AS e
        GROUP BY 1, 2, 3"""
    shown = Counter(admin.execute(figures.encode()).fetchall())
    assert shown == Counter(admin.execute(counted.encode()).fetchall())


def check_asleep(admin: Connection, markers: Iterable[str]) -> None:
    """When all is done nothing asks the schedules to wake the database.

    But for batches that died less than a minute ago: they might still be committed.
    """
    known = {job for (job,) in admin.execute("SELECT job_id FROM waybill.ingestion_jobs")}
    left = [key for key in markers if (job := job_of_marker(key)) is None or job in known]
    assert left == []


def check_against_reload(admin: Connection, files: Iterable[File]) -> None:
    """Compare the tables with what a plain load of the same files, row by row, gives."""
    reloaded = reload(admin, files)
    for table in TABLES.values():
        rows, plain = _rows(admin, table), reloaded[table.name]
        if table.insert_only:
            # Which record of a key is the first depends on the order of the merges.
            rows, plain = (Counter(map(table.key_of, some.elements())) for some in (rows, plain))
        assert rows == plain, table.name


def _check_job(admin: Connection, job: dict[str, Any], file: File) -> None:
    rejected = job["rejected"] if file.table.insert_only else file.rejected
    is_duplicate = job["duplicate_of"] is not None
    if file.is_archive:
        _check_archive(admin, job)
    else:
        assert job["state"] == "DUPLICATE" or job["state"] == _state(file, rejected), job
    assert not job["restamping"], job
    assert not job["reverting"], job
    if not file.ends:
        return
    numbers = (
        "inserted", "updated", "unchanged", "superseded", "filtered", "rejected",
        "pending_reference", "withdrawn",
    )  # fmt: skip
    assert job["read"] == len(file.records) == sum(job[name] for name in numbers), job
    assert job["rejected"] == rejected >= file.rejected, job
    assert job["filtered"] == file.filtered, job
    if file.drifted and file.records and not is_duplicate:
        found = [one["column"] for one in job["layout"]["drift"] if one["change"] == "added"]
        assert found == [DRIFTED], job
    lines = _column(
        admin, "SELECT line FROM waybill.validation_errors WHERE job_id = %s", job["job_id"]
    )
    # Of a dry run the table's own reasons are counted and undone; those of a duplicate are with
    # the file that it repeats.
    assert len(set(lines)) == len(lines) == (0 if is_duplicate else rejected), job
    if file.is_batch:
        return
    chunks = _dicts(
        admin, "SELECT to_jsonb(c) FROM waybill.chunks AS c WHERE job_id = %s", job["job_id"]
    )
    assert len(chunks) == job["chunks_total"]
    assert sum(chunk["read"] for chunk in chunks) == job["read"]
    assert all(chunk["done"] for chunk in chunks)


def _check_archive(admin: Connection, job: dict[str, Any]) -> None:
    """It has ended like the worst of its members, which have ended, too."""
    query = "SELECT state FROM waybill.ingestion_jobs WHERE archive_job_id = %s"
    states = _column(admin, query, job["job_id"])
    assert states
    assert set(states) <= {
        "FAILED", "CANCELLED", "COMPLETED", "COMPLETED_WITH_REJECTS", "DUPLICATE", "REVERTED",
    }  # fmt: skip
    if job["state"] == "REVERTED":
        assert set(states) <= {"FAILED", "CANCELLED", "REVERTED"}
    else:
        assert job["state"] in states or "REVERTED" in states or job["state"] == "CANCELLED"


def _check_remaining(
    admin: Connection, job: dict[str, Any], archive: File, files: list[File]
) -> None:
    """Its rejects that remain are those of its members, and of the replays of those."""
    left = 0
    for member in [file for file in files if file.archive is archive]:
        query = "SELECT to_jsonb(j) FROM waybill.ingestion_jobs AS j WHERE object_key = %s"
        (found,) = _dicts(admin, query, member.key)
        left += member.remaining(files) if has_rejects(found, member) else 0
    if job["state"] not in ("CANCELLED", "REVERTED"):
        query = "SELECT waybill.rejects_remaining(%s)"
        assert _column(admin, query, job["job_id"]) == [left], job


def _check_duplicate(admin: Connection, job: dict[str, Any], file: File, files: list[File]) -> None:
    """It repeats a file that landed before it and counts, where only the key decides."""
    PROVOKED["duplicates seen"] += 1
    assert file.counts, job
    assert file.table.key, job
    assert not file.table.insert_only, job
    assert not file.table.replaced, job
    assert not file.is_batch, job
    assert not file.corrects, job
    ((key, version),) = admin.execute(
        "SELECT object_key, version_id FROM waybill.ingestion_jobs WHERE job_id = %s",
        (job["duplicate_of"],),
    ).fetchall()
    (first,) = (other for other in files if (other.key, other.version) == (key, version))
    assert (first.table, first.records) == (file.table, file.records), job
    assert first.counts, job
    assert first.place < file.place, job
    assert job["inserted"] == job["updated"] == job["pending_reference"] == 0, job


def _state(file: File, rejected: int) -> str:
    if file.cancelled:
        return "CANCELLED"
    if file.reverted:
        return "REVERTED"
    if file.fails:
        return "FAILED"
    return "COMPLETED_WITH_REJECTS" if rejected else "COMPLETED"


def _check_pending(
    admin: Connection, job: dict[str, Any], file: File, expected_rows: dict[str, Counter[Row]]
) -> None:
    """Pending is only what still lacks a parent."""
    records = _dicts(
        admin,
        "SELECT to_jsonb(p) FROM waybill.pending_references AS p WHERE job_id = %s",
        job["job_id"],
    )
    # What a dry run found is counted and not kept.
    assert len(records) == (0 if file.dry else job["pending_reference"]), job
    present = {name: {row[0] for row in rows} for name, rows in expected_rows.items()}
    for pending in records:
        record = pending["record"]
        if pending["missing"].get("code") == "earlier_record_pending":
            others = "SELECT count(*) FROM waybill.pending_references WHERE record ->> 'id' = %s"
            assert _column(admin, others, record["id"])[0] > 1, (record, job)
            continue
        names = (column.name for column in file.table.columns)
        cells = tuple((record[name] or "") if name in record else None for name in names)
        row = file.table.row(cells)
        assert missing(file.table, row, present), ("its parents are there", record, job)


def _check_nothing_is_left(admin: Connection) -> None:
    unpublished = _dicts(admin, "SELECT payload FROM waybill.outbox WHERE published_at IS NULL")
    # Nobody waits for word of a cancellation: it goes out with the next.
    assert [published for published in unpublished if published["state"] != "CANCELLED"] == []
    staged = _column(
        admin,
        "SELECT relname FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace = 'staging'::regnamespace"
        # The copy of a fold is there until the fold ends.
        " AND oid <> ALL (SELECT waybill.fold_table(fold_id)::regclass FROM waybill.folds"
        " WHERE given_up_at IS NULL)",
    )
    assert staged == []
    deadline = time.monotonic() + _PATIENCE_SECONDS
    # The backend of a process that was killed takes a moment to notice.
    while held := _column(
        admin,
        "SELECT mode FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
        " WHERE a.datname = current_database() AND pid <> pg_backend_pid()"
        # Autovacuum has no user.
        " AND a.usesysid IS NOT NULL",
    ):
        if time.monotonic() > deadline:
            raise TimeoutError(str(held))
        time.sleep(0.02)


def _rows(admin: Connection, table: Table) -> Counter[Row]:
    names = ", ".join(column.shown for column in table.columns)
    return Counter(admin.execute(f"SELECT {names} FROM {table.name}".encode()).fetchall())


def _dicts(admin: Connection, query: str, *given: object) -> list[dict[str, Any]]:
    return [row[0] for row in admin.execute(query.encode(), given).fetchall()]


def _column(admin: Connection, query: str, *given: object) -> list[Any]:
    return [row[0] for row in admin.execute(query.encode(), given).fetchall()]
