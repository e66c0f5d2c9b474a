"""Thousands of objects in one second of the clock each find a place in the order of landing."""

import random

import pytest

from tests.sql.staging import Ledger

# S3's events tell time in whole seconds, and come in any order.
OBJECTS = 1500


def keys_in(order: str) -> list[str]:
    keys = [f"landing/departments/{number:06}.csv" for number in range(OBJECTS)]
    if order == "falling":
        keys.reverse()
    elif order != "rising":
        random.Random(order).shuffle(keys)
    return keys


@pytest.mark.parametrize("order", ["rising", "falling", "3", "7"])
def test_a_place_for_every_object_of_one_second(ledger: Ledger, order: str) -> None:
    for key in keys_in(order):
        ledger.land("departments", 5, key)
    before, after = ledger.land("departments", 4), ledger.land("departments", 6)
    placed = ledger.rows("SELECT job_id FROM waybill.ingestion_jobs ORDER BY landed_seq")
    told = ledger.rows(
        "SELECT job_id FROM waybill.ingestion_jobs ORDER BY landed_at, object_key, version_id"
    )
    assert placed == told
    assert placed[0] == (before,)
    assert placed[-1] == (after,)


def test_no_room_between_two_neighbours_takes_the_next_free_place(ledger: Ledger) -> None:
    for key in ("a", "z"):
        ledger.land("departments", 5, key)
    first = min(ledger.rows("SELECT landed_seq FROM waybill.ingestion_jobs"))[0]
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET landed_seq = %s WHERE object_key = 'z'", (first + 1,)
    )
    for key in ("m", "k", "p"):
        ledger.land("departments", 5, key)
    ((found,),) = ledger.rows("SELECT count(DISTINCT landed_seq) FROM waybill.ingestion_jobs")
    assert found == 5
