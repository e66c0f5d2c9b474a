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


def test_stage_is_dropped_and_end_is_reported(hires: Ledger) -> None:
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


def test_years_that_are_not_plausible_are_rejected(hires: Ledger) -> None:
    job = hires.load("hired_employees", 1, [hire(1, 1066), hire(2, 2021), hire(3, 9999)])
    assert hires.waybill(job) == {"read": 3, "inserted": 1, "rejected": 2}
    assert [codes for _, _, codes in hires.rejects(job)] == [["no_partition"]] * 2
    assert people(hires) == [(2, "N", 2021)]


def test_records_beyond_the_number_of_partitions_are_rejected(hires: Ledger) -> None:
    hires.admin.execute(
        "CREATE OR REPLACE FUNCTION waybill.max_partitions(p_table regclass) RETURNS bigint"
        " LANGUAGE sql RETURN 3"
    )
    first = hires.load("hired_employees", 1, [hire(1, 2000), hire(2, 2001), hire(3, 2001)])
    job = hires.load("hired_employees", 2, [hire(4, 2000), hire(5, 2003), *(
        hire(n, 2004) for n in range(6, 9))])  # fmt: skip
    assert hires.waybill(first) == {"read": 3, "inserted": 3}
    assert hires.waybill(job) == {"read": 5, "inserted": 4, "rejected": 1}
    assert [line for line, _, _ in hires.rejects(job)] == [2]


def test_a_first_file_with_many_daily_partitions_loads(ledger: Ledger) -> None:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(
        "CREATE TABLE events (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)"
    )
    ledger.admin.execute("SELECT waybill.register_dataset('events', partition_unit => 'day')")
    ledger.admin.execute("RESET ROLE")
    records = [(n, f"2024-{1 + n // 28:02}-{1 + n % 28:02}") for n in range(120)]
    job = ledger.load("events", 1, records)
    assert ledger.waybill(job) == {"read": 120, "inserted": 120}


def test_empty_partitions_are_dropped_and_others_stay(hires: Ledger) -> None:
    hires.load("hired_employees", 1, [hire(1, 1990), hire(2, 1991)])
    hires.admin.execute("DELETE FROM hired_employees WHERE id = 1")
    hires.admin.execute("SELECT waybill.premake_partitions()")
    assert hires.rows(
        "SELECT to_regclass('hired_employees_1990'), to_regclass('hired_employees_1991')::text"
    ) == [(None, "hired_employees_1991")]
    hires.load("hired_employees", 2, [hire(3, 1990)])
    assert people(hires) == [(2, "N", 1991), (3, "N", 1990)]


def test_an_empty_partition_of_a_table_that_another_refers_to_is_dropped(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE stock (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
        "SELECT waybill.register_dataset('stock', natural_key => '{id}', partition_unit => 'year');"
        "CREATE TABLE notes (id int, day date, FOREIGN KEY (id, day) REFERENCES stock)"
    )
    ledger.load("stock", 1, [(1, "2001-01-01"), (2, "2002-01-01"), (3, "2003-01-01")])
    ledger.declare("DELETE FROM stock WHERE id < 3; CREATE VIEW used AS SELECT * FROM stock_2002")
    ledger.admin.execute("SELECT waybill.premake_partitions()")
    assert ledger.rows("SELECT to_regclass('stock_2001')") == [(None,)]
    # A view depends on one, and rows are in the other.
    assert ledger.rows("SELECT to_regclass('stock_2002') IS NULL") == [(False,)]
    assert ledger.rows("SELECT id FROM stock_2003") == [(3,)]
