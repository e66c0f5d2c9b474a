"""Between files the later landed wins, whatever order they are merged in."""

import itertools
import random

import pytest

from tests.sql.staging import Ledger

FILES = {1.0: {1: "a", 2: "a", 3: "a"}, 2.0: {1: "b", 2: "a"}, 3.0: {2: "c", 3: "a", 4: "c"}}


def settle(ledger: Ledger, at: float, records: dict[int, str]) -> None:
    """Land, stage and merge; stage again what must be restamped."""
    job = ledger.land("departments", at)
    ledger.stage(job, "departments", list(records.items()))
    finish(ledger, job)


def finish(ledger: Ledger, job: object) -> None:
    response = ledger.merge(job)  # type: ignore[arg-type]
    for later in response["restamping"]:
        stage_again(ledger, later)
        assert ledger.merge(later)["outcome"] == "merged"
    if response["restamping"]:
        response = ledger.merge(job)  # type: ignore[arg-type]
    assert response["outcome"] == "merged", response


def stage_again(ledger: Ledger, job: str) -> None:
    (row,) = ledger.rows(
        "SELECT landed_at - timestamptz '2026-01-01+00' FROM waybill.ingestion_jobs"
        " WHERE job_id = %s",
        job,
    )
    records = ALL[row[0].total_seconds()]
    ledger.stage_chunk(job, ["id", "department"], False, list(records.items()))  # type: ignore[arg-type]


ALL: dict[float, dict[int, str]] = {}


def oracle(files: dict[float, dict[int, str]]) -> list[tuple[int, str]]:
    state: dict[int, str] = {}
    for at in sorted(files):
        state |= files[at]
    return sorted(state.items())


@pytest.mark.parametrize("order", list(itertools.permutations(FILES)))
def test_any_processing_order_gives_the_same_rows(ledger: Ledger, order: tuple[float, ...]) -> None:
    ALL.clear()
    ALL.update(FILES)
    for at in order:
        settle(ledger, at, FILES[at])
    assert ledger.rows("SELECT id, department FROM departments ORDER BY id") == oracle(FILES)


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_with_files_landed_ahead(ledger: Ledger, seed: int) -> None:
    chance = random.Random(seed)
    files = {
        float(at): {key: chance.choice("ab") for key in range(4) if chance.random() < 0.7}
        for at in range(1, chance.randint(3, 6))
    }
    ALL.clear()
    ALL.update(files)
    order = chance.sample(list(files), len(files))
    landed: dict[float, object] = {}
    for at in order:
        for other in order:
            if other not in landed and (other == at or chance.random() < 0.3):
                landed[other] = ledger.land("departments", other)
                ledger.stage(landed[other], "departments", list(files[other].items()))  # type: ignore[arg-type]
        finish(ledger, landed[at])
    assert ledger.rows("SELECT id, department FROM departments ORDER BY id") == oracle(files)


def test_places_follow_time_then_key(ledger: Ledger) -> None:
    chance = random.Random(7)
    objects = [(at, f"landing/departments/{name}") for at in (1, 1.5, 2) for name in "abcdefghij"]
    for at, key in chance.sample(objects, len(objects)):
        ledger.land("departments", at, key)
    by_place = ledger.rows(
        "SELECT object_key, landed_at FROM waybill.ingestion_jobs ORDER BY landing_order"
    )
    assert by_place == sorted(by_place, key=lambda row: (row[1], row[0]))


def test_an_object_is_registered_once(ledger: Ledger) -> None:
    first = ledger.land("departments", 1, "landing/departments/x")
    assert ledger.land("departments", 1, "landing/departments/x") == first


def test_a_file_without_a_column_waits_for_earlier_ones(ledger: Ledger) -> None:
    ledger.load("jobs", 0, [(1, "x")])
    ledger.load("departments", 0, [(1, "x")])
    whole, partial = ledger.land("hired_employees", 1), ledger.land("hired_employees", 2)
    ledger.stage(whole, "hired_employees", [(1, "early", "2021-01-01T00:00:00Z", 1, 1)])
    columns = ["id", "name", "hire_dt"]
    ledger.stage(partial, "hired_employees", [(1, "late", "2021-01-01T00:00:00Z")], columns=columns)
    response = ledger.merge(partial)
    assert (response["outcome"], response["waiting_for"]) == ("waiting", [str(whole)])
    assert ledger.merge(whole)["unblocked"] == [str(partial)]
    assert ledger.merge(partial)["outcome"] == "merged"
    assert ledger.rows("SELECT name, department_id FROM hired_employees") == [("late", 1)]


def test_a_late_file_restages_only_the_files_that_have_its_changed_keys(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(n, "old") for n in range(20)])
    later = [ledger.load("departments", 10 + n, [(n, "old")]) for n in range(10)]
    late = ledger.land("departments", 5)
    ledger.stage(late, "departments", [(3, "late"), (15, "late"), (99, "new"), (7, "old")])
    response = ledger.merge(late)
    assert response["restamping"] == [str(later[3])]
    contract = ledger.contract("departments")
    ledger.stage_chunk(later[3], ["id", "department"], contract["keeps_raw"], [(3, "old")])
    ledger.merge(later[3])
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.rows("SELECT id FROM departments WHERE department = 'late'") == [(15,)]


def test_a_late_file_that_changes_no_row_restages_nothing(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(1, "old")])
    ledger.load("departments", 9, [(1, "old")])
    late = ledger.land("departments", 5)
    ledger.stage(late, "departments", [(1, "old"), (2, "new")])
    assert ledger.merge(late)["outcome"] == "merged"
