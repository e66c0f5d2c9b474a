"""Records that are not as they were staged are staged again, whatever became of them."""

from uuid import UUID

import pytest

from tests.postgres.crash import empty_unlogged_tables
from tests.sql.staging import Ledger, Records
from tests.sql.unseen_tables import register

PLAIN = "CREATE TABLE t (id int PRIMARY KEY, day date)"
BY_MONTH = "CREATE TABLE t (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)"
DISTINCT = [(1, "2026-01-05"), (2, "2026-02-05"), (3, "2026-02-06")]
REPEATED = [*DISTINCT, (1, "2026-01-05")]
ONE_AT_A_TIME = """
CREATE FUNCTION one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM written) > 1 THEN
        RAISE 'one at a time' USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER one AFTER INSERT ON t REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION one()
"""
_FAULTS = {
    "one gone": "DELETE FROM {stage} WHERE _waybill_line = 2",
    "all gone": "TRUNCATE {stage}",
    "one twice": "INSERT INTO {stage} SELECT * FROM {stage} WHERE _waybill_line = 2",
}


def test_staged_records_are_not_read_before_they_are_merged(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", [(1, "Sales")])
    assert scans_before_merge(ledger, job) == 0


def test_only_what_was_staged_before_the_crash_is_staged_again(ledger: Ledger) -> None:
    before, after = ledger.land("departments", 1), ledger.land("departments", 2)
    ledger.stage(before, "departments", [(1, "Sales")])
    empty_unlogged_tables(ledger.admin)
    ledger.stage(after, "departments", [(2, "Legal")])
    assert ledger.merge(before)["chunks"] == [0]
    ledger.stage_chunk(before, ["id", "department"], keeps_raw=False, records=[(1, "Sales")])
    for job in (before, after):
        assert ledger.merge(job)["outcome"] == "merged"
        assert ledger.waybill(job) == {"read": 1, "inserted": 1}


def test_only_the_chunk_that_a_crash_emptied_is_staged_again(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", [(1, "Sales")])
    ledger.admin.execute("UPDATE waybill.ingestion_jobs SET chunks_total = 2")
    ledger.admin.execute(
        "INSERT INTO waybill.chunks (job_id, chunk, byte_from, byte_to, first_line)"
        " VALUES (%s, 1, 1, 1, 2)",
        (job,),
    )
    empty_unlogged_tables(ledger.admin)
    ledger.declare(f"INSERT INTO staging.s_{job.hex} VALUES (1, 2, 2, 'Legal')")
    ledger.loader.execute("SELECT waybill.finish_chunk(%s, 1, 1, 1, 0, NULL)", (job,))
    assert ledger.merge(job)["chunks"] == [0]
    ledger.stage_chunk(job, ["id", "department"], keeps_raw=False, records=[(1, "Sales")])
    assert ledger.merge(job)["outcome"] == "merged"
    rows = ledger.rows("SELECT id, department FROM departments ORDER BY id")
    assert rows == [(1, "Sales"), (2, "Legal")]


@pytest.mark.parametrize("sums_up", [True, False])
@pytest.mark.parametrize("case", ["new", "repeated", "searched"])
@pytest.mark.parametrize("table", ["plain", "by month", "row by row"])
@pytest.mark.parametrize("fault", _FAULTS.values(), ids=_FAULTS)
def test_a_merge_that_does_not_find_what_was_staged_is_undone_and_has_it_staged_again(
    ledger: Ledger, fault: str, table: str, case: str, sums_up: bool
) -> None:
    ledger.sums_up = sums_up
    unit = ", partition_unit => 'month'" if table != "plain" else ""
    register(ledger, BY_MONTH if unit else PLAIN, ", natural_key => '{id}'" + unit)
    there = DISTINCT[1:2] if case == "searched" else []
    if there:
        ledger.load("t", 1, there)
    records = REPEATED if case == "repeated" else DISTINCT
    job = staged(ledger, 2, records)
    if table == "row by row":
        # Once the file is staged, so that its contract does not know it.
        ledger.declare(ONE_AT_A_TIME)
    ledger.declare(fault.format(stage=f"staging.s_{job.hex}"))
    response = ledger.merge(job)
    assert (response["outcome"], response["chunks"]) == ("restage", [0])
    assert (ledger.state(job), ledger.rows("SELECT id, day::text FROM t")) == ("LOADING", there)
    ledger.stage_chunk(job, ["id", "day"], keeps_raw=False, records=records)
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.rows("SELECT id, day::text FROM t ORDER BY id") == DISTINCT
    inserted = len(DISTINCT) - len(there)
    assert ledger.waybill(job) == {
        "read": len(records),
        "inserted": inserted,
        **({"unchanged": 1} if there else {}),
        **({"superseded": 1} if case == "repeated" else {}),
    }


def test_what_is_lost_again_is_staged_again(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", [(1, "Sales")])
    for _ in range(2):
        empty_unlogged_tables(ledger.admin)
        assert ledger.merge(job)["chunks"] == [0]
        ledger.stage_chunk(job, ["id", "department"], keeps_raw=False, records=[(1, "Sales")])
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.waybill(job) == {"read": 1, "inserted": 1}


def test_a_job_whose_rows_are_only_stamped_is_counted_always(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(1, "a"), (2, "b")])
    later = ledger.load("departments", 9, [(1, "a")])
    late = ledger.land("departments", 5)
    ledger.stage(late, "departments", [(1, "late"), (2, "late")])
    assert ledger.merge(late)["restamping"] == [str(later)]
    ledger.stage_chunk(later, ["id", "department"], keeps_raw=False, records=[(1, "a")])
    ledger.declare(f"TRUNCATE staging.s_{later.hex}")
    assert ledger.merge(later)["chunks"] == [0]


def staged(ledger: Ledger, at: int, records: Records) -> UUID:
    """A job of `t` with these records."""
    job = ledger.land("t", at)
    ledger.stage(job, "t", records)
    return job


@pytest.mark.parametrize("lost", [True, False])
def test_a_late_file_is_counted_before_a_later_one_is_staged_again(
    ledger: Ledger, lost: bool
) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, n int)")
    ledger.load("t", 1, [(1, 1), (2, 2)])
    later = ledger.load("t", 9, [(1, 1)])
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET object_gone = true WHERE job_id = %s", (later,)
    )
    # Its last record of key 1 leaves the row as it is, so that the later file does not matter.
    late = ledger.land("t", 5)
    ledger.stage(late, "t", [(1, 7), (1, 1)])
    if lost:
        ledger.declare(f"DELETE FROM staging.s_{late.hex} WHERE _waybill_line = 2")
        assert ledger.merge(late)["chunks"] == [0]
        ledger.stage_chunk(late, ["id", "n"], keeps_raw=False, records=[(1, 7), (1, 1)])
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.waybill(late) == {"read": 2, "unchanged": 1, "superseded": 1}


@pytest.mark.parametrize("fault", list(_FAULTS.values())[:2], ids=list(_FAULTS)[:2])
def test_a_file_that_replaces_is_counted_before_anything_is_deleted(
    ledger: Ledger, fault: str
) -> None:
    register(
        ledger, "CREATE TABLE t (id int PRIMARY KEY, n int)", ", write_disposition => 'replace'"
    )
    ledger.load("t", 1, [(1, 1), (2, 2)])
    ledger.declare(
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN PERFORM nextval('public.deletions'); RETURN OLD; END $$;"
        "CREATE SEQUENCE deletions; CREATE TRIGGER noted BEFORE DELETE ON t"
        " FOR EACH ROW EXECUTE FUNCTION noted()"
    )
    job = staged(ledger, 2, [(1, 1), (2, 3)])
    ledger.declare(fault.format(stage=f"staging.s_{job.hex}"))
    assert ledger.merge(job)["chunks"] == [0]
    # A sequence keeps what an undone merge did.
    assert ledger.rows("SELECT is_called FROM deletions") == [(False,)]
    ledger.stage_chunk(job, ["id", "n"], keeps_raw=True, records=[(1, 1), (2, 3)])
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.rows("SELECT id, n FROM t ORDER BY id") == [(1, 1), (2, 3)]


@pytest.mark.parametrize("options", ["", ", on_missing_parent => 'reject'"])
@pytest.mark.parametrize("disposition", ["merge", "append", "replace"])
@pytest.mark.parametrize("fault", list(_FAULTS.values())[:2], ids=list(_FAULTS)[:2])
def test_a_parent_in_the_file_that_is_lost_is_not_missed(
    ledger: Ledger, fault: str, disposition: str, options: str
) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, of int REFERENCES t)",
        f", write_disposition => '{disposition}'{options}",
    )
    records = [(5, None), (6, None), (7, 6), (8, 7)]
    job = staged(ledger, 2, records)
    ledger.declare(fault.format(stage=f"staging.s_{job.hex}"))
    assert ledger.merge(job)["chunks"] == [0]
    keeps_raw = ledger.contract("t")["keeps_raw"]
    ledger.stage_chunk(job, ["id", "of"], keeps_raw, records)
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.waybill(job) == {"read": 4, "inserted": 4}


def test_what_is_written_one_by_one_is_counted_before(ledger: Ledger) -> None:
    ledger.sums_up = True
    register(ledger, BY_MONTH, ", natural_key => '{id}', partition_unit => 'month'")
    job = staged(ledger, 2, DISTINCT)
    # Once the file is staged, so that its contract does not know it.
    ledger.declare("ALTER TABLE t ADD CHECK (id <> 3)")
    ledger.declare(f"DELETE FROM staging.s_{job.hex} WHERE _waybill_line = 2")
    assert ledger.merge(job)["chunks"] == [0]
    ledger.stage_chunk(job, ["id", "day"], keeps_raw=False, records=DISTINCT)
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.waybill(job) == {"read": 3, "inserted": 2, "rejected": 1}


@pytest.mark.parametrize(
    "fails", ["ASSERT false", "RAISE 'later' USING ERRCODE = '55000'", "RAISE 'never'"]
)
@pytest.mark.parametrize("table", ["t", "t_2026_02"])
def test_no_trigger_sees_part_of_a_file(ledger: Ledger, table: str, fails: str) -> None:
    ledger.sums_up = True
    register(ledger, BY_MONTH, ", natural_key => '{id}', partition_unit => 'month'")
    ledger.load("t", 1, [(9, "2026-02-09")])
    job = staged(ledger, 2, DISTINCT)
    # Once the file is staged, so that its contract does not know it.
    ledger.declare(
        "CREATE FUNCTION whole() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS ("
        f" SELECT FROM public.t WHERE id = 2) AND NEW.id = 3 THEN {fails}; END IF;"
        " RETURN NULL; END $$;"
        f"CREATE TRIGGER whole AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION whole()"
    )
    ledger.declare(f"DELETE FROM staging.s_{job.hex} WHERE _waybill_line = 2")
    assert ledger.merge(job)["chunks"] == [0]
    ledger.stage_chunk(job, ["id", "day"], keeps_raw=False, records=DISTINCT)
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.waybill(job) == {"read": 3, "inserted": 3}


def scans_before_merge(ledger: Ledger, job: UUID) -> int:
    """How often the staged records are read to find out whether the job can be merged."""
    with ledger.database.connect(autocommit=False) as owner:
        owner.execute("SET ROLE waybill_owner")
        owner.execute(
            "SELECT waybill.before_merge(j) FROM waybill.ingestion_jobs AS j WHERE job_id = %s",
            (job,),
        )
        row = owner.execute(
            "SELECT seq_scan FROM pg_stat_xact_all_tables WHERE relid = %s::regclass",
            (f"staging.s_{job.hex}",),
        ).fetchone()
        owner.rollback()
    assert row is not None
    return int(row[0])
