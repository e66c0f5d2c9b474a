"""A merge beside a concurrent transaction."""

from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.api_calls import batch
from tests.sql.blocked_calls import running, transaction_of, waits
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register
from waybill.database.chunks import Chunks
from waybill.database.merges import Merges
from waybill.errors import Busy

HIRED = "2021-05-01T00:00:00Z"


@pytest.fixture
def hires(ledger: Ledger) -> Ledger:
    """A department without employees, and a partition that is there already."""
    ledger.load("departments", 0, [(1, "Sales")])
    ledger.load("hired_employees", 0, [(1, "N", HIRED, None, None)])
    return ledger


def staged(ledger: Ledger, dataset: str, at: float, *records: tuple[object, ...]) -> UUID:
    job = ledger.land(dataset, at)
    ledger.stage(job, dataset, records)
    return job


def test_a_parent_cannot_be_deleted_before_the_merge_of_its_child_commits(hires: Ledger) -> None:
    child = staged(hires, "hired_employees", 1, (2, "N", HIRED, 1, None))
    with (
        transaction_of(hires.database, "pipeline") as merging,
        hires.database.connect() as admin,
    ):
        merging.execute("SELECT waybill.merge_job(%s)", (child,))
        with running(lambda: admin.execute("DELETE FROM departments WHERE id = 1")) as deleting:
            waits(hires.database, deleting)
            merging.commit()
            with pytest.raises(errors.ForeignKeyViolation):
                deleting.result()
    assert hires.rows(
        "SELECT e.id FROM hired_employees AS e JOIN departments AS d ON d.id = e.department_id"
    ) == [(2,)]


def test_a_row_that_is_written_during_a_merge_is_not_there_twice(hires: Ledger) -> None:
    # The id is unique in the whole table, but no index says so across years.
    job = staged(hires, "hired_employees", 1, (7, "file", HIRED, None, None))
    with transaction_of(hires.database, "waybill_admin") as writing:
        writing.execute(
            "INSERT INTO hired_employees (id, name, hire_dt) VALUES (7, 'other', '2021-09-01')"
        )
        with running(lambda: hires.merge(job)) as merging:
            waits(hires.database, merging)
            writing.commit()
            merging.result()
    assert hires.rows("SELECT count(*) FROM hired_employees WHERE id = 7") == [(1,)]


def test_a_merge_beside_a_cancellation_makes_nothing_visible(ledger: Ledger) -> None:
    job = staged(ledger, "departments", 1, (1, "Sales"))
    with (
        transaction_of(ledger.database, "api") as cancelling,
        transaction_of(ledger.database, "pipeline") as loader,
    ):
        cancelling.execute("SELECT waybill.cancel_job(%s)", (job,))
        merge = "SELECT waybill.merge_job(%s)"
        with running(lambda: loader.execute(merge, (job,))) as merging:
            waits(ledger.database, merging)
            cancelling.commit()
            with pytest.raises(errors.LockNotAvailable):
                merging.result()
    assert ledger.merge(job)["state"] == "CANCELLED"
    assert ledger.rows("SELECT count(*) FROM departments") == [(0,)]


def test_a_second_merge_of_a_dataset_does_not_wait_with_a_connection(ledger: Ledger) -> None:
    first = staged(ledger, "departments", 1, (1, "Sales"))
    second = staged(ledger, "departments", 2, (2, "Legal"))
    with transaction_of(ledger.database, "pipeline") as merging:
        merging.execute("SELECT waybill.merge_job(%s)", (first,))
        with running(lambda: ledger.merge(second)) as other:
            assert not waits(ledger.database, other)
            with pytest.raises(errors.LockNotAvailable):
                other.result()


def test_a_batch_waits_for_a_merge_and_finds_its_rows(ledger: Ledger) -> None:
    first = staged(ledger, "departments", 1, (1, "file"))
    with transaction_of(ledger.database, "pipeline") as merging:
        merging.execute("SELECT waybill.merge_job(%s)", (first,))
        rows: list[dict[str, str | None]] = [{"id": "1", "department": "batch"}]
        with running(lambda: batch(ledger, "departments", rows)) as writing:
            assert waits(ledger.database, writing)
            merging.commit()
            job, _ = writing.result()
    assert ledger.waybill(job) == {"read": 1, "updated": 1}
    assert ledger.rows("SELECT id, department FROM departments") == [(1, "batch")]


PARENTS = (
    "CREATE TABLE suppliers (id int PRIMARY KEY, day date NOT NULL DEFAULT '2021-01-01');"
    "CREATE TABLE parts (id int PRIMARY KEY, supplier_id int REFERENCES suppliers{cascade});"
    "SELECT waybill.register_dataset('suppliers', write_disposition => '{disposition}');"
    "SELECT waybill.register_dataset('parts');"
)


@pytest.mark.parametrize(
    ("disposition", "cascade"),
    [("replace", ""), ("replace", " ON DELETE CASCADE"), ("merge", " ON UPDATE CASCADE")],
)
def test_parents_are_not_deleted_while_children_are_merged(
    ledger: Ledger, disposition: str, cascade: str
) -> None:
    ledger.declare(PARENTS.format(disposition=disposition, cascade=cascade))
    ledger.load("suppliers", 0, [(1, "2021-01-01"), (2, "2021-01-01")])
    ledger.load("parts", 0, [(1, 1)])
    job = staged(ledger, "suppliers", 1, (1, "2021-01-02"), (3, "2021-01-02"))
    with transaction_of(ledger.database, "waybill_admin") as child:
        # As a merge of `parts` does: first its table, and later the parents of its records.
        child.execute("LOCK TABLE ONLY parts IN SHARE ROW EXCLUSIVE MODE")
        child.execute("INSERT INTO parts VALUES (3, 1)")
        with running(lambda: ledger.merge(job)) as merging:
            assert waits(ledger.database, merging)
            child.execute("SET LOCAL lock_timeout = '500ms'")
            child.execute("SELECT FROM suppliers FOR KEY SHARE")
            # As it does to attach a partition.
            child.execute("LOCK TABLE ONLY suppliers IN SHARE ROW EXCLUSIVE MODE")
            child.rollback()
            merging.result()
    left = [(1,), (3,)] if disposition == "replace" else [(1,), (2,), (3,)]
    assert ledger.rows("SELECT id FROM suppliers ORDER BY id") == left


def test_a_job_that_finds_another_merge_running_counts_nothing_and_says_how_many_are_ready(
    ledger: Ledger,
) -> None:
    register(
        ledger, "CREATE TABLE t (id int PRIMARY KEY, n text)", ", write_disposition => 'replace'"
    )
    jobs = [staged(ledger, "t", at, (at, "a")) for at in (1, 2, 3)]
    for job in (*jobs, staged(ledger, "jobs", 4, (1, "b"))):
        assert Chunks(ledger.loader).count_left(job) == 0
    # Its records are gone, which it would notice if it counted them.
    ledger.declare(f"TRUNCATE staging.s_{jobs[0].hex}")
    with transaction_of(ledger.database, "waybill_admin") as merging:
        merging.execute("SET ROLE waybill_owner")
        merging.execute("SELECT waybill.lock_merge('t')")
        with pytest.raises(Busy) as caught:
            Merges(ledger.loader).merge(jobs[0])
    assert caught.value.ahead == 2
    assert ledger.merge(jobs[0])["outcome"] == "restage"
