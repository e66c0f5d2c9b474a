"""The merge: classes, counts, partitions, order."""

import pytest

from tests.sql.staging import Ledger

DEPARTMENTS = [(1, "Sales"), (2, "Support")]
TITLES = [(1, "Engineer"), (2, "Clerk")]


def hire(number: int, year: int = 2021, name: str = "N", **cells: int | None) -> tuple[object, ...]:
    department, title = cells.get("department", 1), cells.get("title", 1)
    return (number, name, f"{year}-05-01T00:00:00Z", department, title)


@pytest.fixture
def hires(ledger: Ledger) -> Ledger:
    ledger.load("departments", 0, DEPARTMENTS)
    ledger.load("jobs", 0, TITLES)
    return ledger


def people(ledger: Ledger) -> list[tuple[object, ...]]:
    return ledger.rows(
        "SELECT id, name, extract(year FROM hire_dt)::int FROM hired_employees ORDER BY id"
    )


def test_first_load_makes_its_partitions(hires: Ledger) -> None:
    job = hires.load("hired_employees", 1, [hire(1, 2020), hire(2, 2021), hire(3, 2021)])
    assert hires.waybill(job) == {"read": 3, "inserted": 3}
    assert not hires.row_by_row(job)
    assert hires.rows(
        "SELECT tableoid::regclass::text, count(*) FROM hired_employees GROUP BY 1 ORDER BY 1"
    ) == [("hired_employees_2020", 1), ("hired_employees_2021", 2)]


def test_partition_has_the_parents_indexes_and_keys(hires: Ledger) -> None:
    hires.load("hired_employees", 1, [hire(1, 2020)])
    (indexes,) = hires.rows(
        "SELECT count(*) FROM pg_inherits JOIN pg_index ON indexrelid = inhrelid"
        " WHERE indrelid = 'hired_employees_2020'::regclass"
    )
    (keys,) = hires.rows(
        "SELECT count(*), bool_and(convalidated) FROM pg_constraint"
        " WHERE conrelid = 'hired_employees_2020'::regclass AND contype = 'f'"
    )
    assert (indexes, keys) == ((2,), (2, True))


def test_every_class_is_counted(hires: Ledger) -> None:
    hires.load("hired_employees", 1, [hire(1), hire(2), hire(3)])
    job = hires.load(
        "hired_employees",
        2,
        [hire(1), hire(2, name="M"), hire(4), hire(4, name="later line"), hire(5, department=9)],
    )
    assert hires.waybill(job) == {
        "read": 5,
        "unchanged": 1,
        "updated": 1,
        "inserted": 1,
        "superseded": 1,
        "pending_reference": 1,
    }
    assert people(hires) == [
        (1, "N", 2021),
        (2, "M", 2021),
        (3, "N", 2021),
        (4, "later line", 2021),
    ]


def test_same_file_again_changes_nothing(hires: Ledger) -> None:
    records = [hire(n, 2019 + n % 3) for n in range(100)]
    hires.load("hired_employees", 1, records)
    before = hires.rows("SELECT xmin::text, ctid::text, id FROM hired_employees ORDER BY id")
    job = hires.load("hired_employees", 2, records)
    assert hires.waybill(job) == {"read": 100, "unchanged": 100}
    assert before == hires.rows(
        "SELECT xmin::text, ctid::text, id FROM hired_employees ORDER BY id"
    )


def test_changed_year_moves_the_row(hires: Ledger) -> None:
    hires.load("hired_employees", 1, [hire(1, 2020), hire(2, 2020)])
    job = hires.load("hired_employees", 2, [hire(1, 2020), hire(2, 2023), hire(3, 2020)])
    assert hires.waybill(job) == {"read": 3, "unchanged": 1, "updated": 1, "inserted": 1}
    assert not hires.row_by_row(job)
    assert people(hires) == [(1, "N", 2020), (2, "N", 2023), (3, "N", 2020)]
    job = hires.load("hired_employees", 3, [hire(2, 2020)])
    assert hires.waybill(job) == {"read": 1, "updated": 1}
    assert people(hires) == [(1, "N", 2020), (2, "N", 2020), (3, "N", 2020)]


def test_touched_parts_are_marked_stale(hires: Ledger) -> None:
    hires.load("hired_employees", 1, [hire(1, 2020), hire(2, 2020)])
    job = hires.load("hired_employees", 2, [hire(1, 2020), hire(2, 2023)])
    assert hires.rows(
        "SELECT part FROM waybill.stale_parts WHERE job_id = %s ORDER BY part", job
    ) == [("2020",), ("2023",)]


def test_stage_is_dropped_and_end_is_told(hires: Ledger) -> None:
    job = hires.load("hired_employees", 1, [hire(1)])
    assert hires.rows(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'staging'::regnamespace"
    ) == [(0,)]
    assert hires.rows(
        "SELECT kind, payload ->> 'state' FROM waybill.outbox WHERE payload ->> 'job_id' = %s",
        str(job),
    ) == [("job.finished", "COMPLETED")]


def test_file_without_a_column_leaves_it_alone(hires: Ledger) -> None:
    hires.load("hired_employees", 1, [hire(1, department=2)])
    columns = ["id", "name", "hire_dt"]
    job = hires.load("hired_employees", 2, [(1, "M", "2021-05-01T00:00:00Z")], columns=columns)
    assert hires.waybill(job) == {"read": 1, "updated": 1}
    assert hires.rows("SELECT name, department_id FROM hired_employees") == [("M", 2)]


def test_merging_again_finds_the_result(hires: Ledger) -> None:
    job = hires.load("hired_employees", 1, [hire(1)])
    assert hires.merge(job)["outcome"] == "ended"
    assert hires.waybill(job) == {"read": 1, "inserted": 1}


def test_too_many_new_partitions_fail_the_file_whole(hires: Ledger) -> None:
    job = hires.land("hired_employees", 1)
    hires.stage(job, "hired_employees", [hire(n, 1500 + n) for n in range(1, 103)])
    with pytest.raises(Exception, match="at most 100"):
        hires.merge(job)
    assert people(hires) == []
