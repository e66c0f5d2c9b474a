"""The landing order of objects of one second: by key, then by S3's sequencer."""

import random
from uuid import UUID

import pytest

from tests.sql.staging import Ledger

# S3's events have the time in whole seconds, and arrive in any order.
OBJECTS = 1500


def keys_in(order: str) -> list[str]:
    keys = [f"landing/departments/{number:06}.csv" for number in range(OBJECTS)]
    if order == "falling":
        keys.reverse()
    elif order != "rising":
        random.Random(order).shuffle(keys)
    return keys


def in_order(ledger: Ledger) -> list[UUID]:
    rows = ledger.rows("SELECT job_id FROM waybill.ingestion_jobs ORDER BY landing_order")
    return [job for (job,) in rows]


@pytest.mark.parametrize("order", ["rising", "falling", "3", "7"])
def test_objects_of_one_second_are_ordered_by_key_however_they_arrive(
    ledger: Ledger, order: str
) -> None:
    jobs = {key: ledger.land("departments", 5, key) for key in keys_in(order)}
    before, after = ledger.land("departments", 4), ledger.land("departments", 6)
    assert in_order(ledger) == [before, *(jobs[key] for key in sorted(jobs)), after]


def test_objects_between_two_seconds_in_falling_order_stay_in_their_second(ledger: Ledger) -> None:
    before = [ledger.land("departments", 4, f"landing/departments/z{n:03}") for n in range(50)]
    keys = [f"landing/departments/{number:03}" for number in range(101)]
    jobs = {key: ledger.land("departments", 5, key) for key in reversed(keys)}
    assert in_order(ledger) == [*before, *(jobs[key] for key in keys)]


def test_objects_beside_merged_ones_find_room(ledger: Ledger) -> None:
    jobs: dict[str, UUID] = {}
    for place, key in enumerate(reversed([f"landing/departments/{n:03}" for n in range(120)])):
        if place % 10 == 0:
            jobs[key] = ledger.load("departments", 5, [(place, "x")], key=key)
        else:
            jobs[key] = ledger.land("departments", 5, key)
    assert in_order(ledger) == [jobs[key] for key in sorted(jobs)]
    stamps = "SELECT j.landing_order, d._landed FROM departments AS d JOIN waybill.ingestion_jobs"
    pairs = ledger.rows(f"{stamps} AS j ON j.landing_order = d._landed")
    assert len(pairs) == 12


@pytest.mark.parametrize("arrival", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_overwrites_of_one_key_within_a_second_are_ordered_by_the_sequencer(
    ledger: Ledger, arrival: tuple[int, ...]
) -> None:
    # The ids of versions sort the other way round; a shorter sequencer is padded on the right.
    writes = [("z", "0055AED6DCD90281E5"), ("m", "0055aed6dcd90281e6"), ("a", "0055AED7")]
    jobs: dict[int, UUID] = {}
    for write in arrival:
        version, sequencer = writes[write]
        jobs[write] = ledger.land(
            "departments", 5, "landing/departments/k", version=version, sequencer=sequencer
        )
    assert in_order(ledger) == [jobs[0], jobs[1], jobs[2]]


def test_the_key_decides_before_the_sequencer_of_another_key(ledger: Ledger) -> None:
    late = ledger.land("departments", 5, "landing/departments/b", sequencer="01")
    early = ledger.land("departments", 5, "landing/departments/a", sequencer="02")
    assert in_order(ledger) == [early, late]


def test_keys_are_ordered_by_code_point(ledger: Ledger) -> None:
    lower = ledger.land("departments", 5, "landing/departments/a")
    upper = ledger.land("departments", 5, "landing/departments/B")
    assert in_order(ledger) == [upper, lower]


def test_without_room_between_two_written_files_the_next_free_number_is_taken(
    ledger: Ledger,
) -> None:
    for number, key in enumerate(("a", "z")):
        ledger.load("departments", 5, [(number, "x")], key=key)
    first = min(ledger.rows("SELECT landing_order FROM waybill.ingestion_jobs"))[0]
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET landing_order = %s WHERE object_key = 'z'", (first + 1,)
    )
    for key in ("m", "k", "p"):
        ledger.land("departments", 5, key)
    ((found,),) = ledger.rows("SELECT count(DISTINCT landing_order) FROM waybill.ingestion_jobs")
    assert found == 5
