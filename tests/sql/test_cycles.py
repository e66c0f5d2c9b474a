"""Records that wait for each other, in files of one dataset or of several, load once all came."""

import pytest

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger

TEAMS = """
CREATE TABLE teams (id integer PRIMARY KEY, lead_id integer NOT NULL);
CREATE TABLE people (id integer PRIMARY KEY, team_id integer NOT NULL REFERENCES teams, name text);
ALTER TABLE teams ADD FOREIGN KEY (lead_id) REFERENCES people;
CREATE TABLE crew (id integer PRIMARY KEY, boss_id integer REFERENCES crew, name text UNIQUE);
CREATE TABLE shifts (
    id integer, day date, next_id integer, next_day date, PRIMARY KEY (id, day),
    FOREIGN KEY (next_id, next_day) REFERENCES shifts
) PARTITION BY RANGE (day);
SELECT waybill.register_dataset('teams');
SELECT waybill.register_dataset('people');
SELECT waybill.register_dataset('crew');
SELECT waybill.register_dataset('shifts', natural_key => '{id,day}', partition_unit => 'year');
"""


@pytest.fixture
def cycles(ledger: Ledger) -> Ledger:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(TEAMS.encode())
    ledger.admin.execute("RESET ROLE")
    return ledger


def orphans(ledger: Ledger) -> list[tuple[object, ...]]:
    return ledger.rows(
        "SELECT id FROM crew AS c WHERE boss_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM crew AS b WHERE b.id = c.boss_id)"
    )


def test_records_of_two_files_that_refer_to_each_other(cycles: Ledger) -> None:
    first = cycles.load("crew", 1, [(1, 2, "a"), (5, 6, "e")])
    second = cycles.land("crew", 2)
    cycles.stage(second, "crew", [(2, 1, "b")])
    # The first one gets no row that it waits for; the cycle is found from the second.
    assert cycles.merge(second)["pending"] == [str(second)]
    assert cycles.resolve(second)["outcome"] == "merged"
    assert cycles.rows("SELECT id, boss_id FROM crew ORDER BY id") == [(1, 2), (2, 1)]
    assert cycles.waybill(first) == {"read": 2, "inserted": 1, "pending_reference": 1}
    assert cycles.waybill(second) == {"read": 1, "inserted": 1}
    assert cycles.resolve(first)["outcome"] == "ended"


def test_numbers_refer_to_each_other_however_many_zeros_they_have(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE docks (id numeric PRIMARY KEY, crane numeric NOT NULL);"
        "CREATE TABLE cranes (id numeric PRIMARY KEY, dock numeric NOT NULL REFERENCES docks);"
        "ALTER TABLE docks ADD FOREIGN KEY (crane) REFERENCES cranes;"
        "SELECT waybill.register_dataset('docks'); SELECT waybill.register_dataset('cranes')"
    )
    ledger.load("docks", 1, [("1", "2.0")])
    cranes = ledger.load("cranes", 2, [("2", "1.00")])
    assert ledger.resolve(cranes)["outcome"] == "merged"
    assert ledger.rows("SELECT id::text, crane::text FROM docks") == [("1", "2.0")]


def test_records_of_two_datasets_that_refer_to_each_other(cycles: Ledger) -> None:
    teams = cycles.load("teams", 1, [(1, 10), (2, 20)])
    people = cycles.load("people", 2, [(10, 1, "Ada"), (11, 1, "Bo"), (30, 3, "Cy")])
    assert cycles.waybill(people) == {"read": 3, "pending_reference": 3}
    assert cycles.resolve(teams)["outcome"] == "merged"
    assert cycles.rows("SELECT id, lead_id FROM teams") == [(1, 10)]
    assert cycles.rows("SELECT id FROM people ORDER BY id") == [(10,), (11,)]
    assert cycles.waybill(people) == {"read": 3, "inserted": 2, "pending_reference": 1}


def test_a_record_of_a_cycle_that_a_later_batch_repeats(cycles: Ledger) -> None:
    cycles.load("teams", 1, [(1, 10)])
    again, _ = batch(cycles, "teams", [{"id": "1", "lead_id": "10"}], "partial")
    # Landed after the batch, so that its parents are written first.
    people = cycles.load("people", 1e9, [(10, 1, "Ada")])
    assert cycles.resolve(people)["outcome"] == "merged"
    assert cycles.rows("SELECT id, lead_id FROM teams") == [(1, 10)]
    assert cycles.rows("SELECT id, team_id FROM people") == [(10, 1)]
    assert cycles.waybill(again) == {"read": 1, "unchanged": 1}


def test_a_cycle_in_partitions_that_have_to_be_made(cycles: Ledger) -> None:
    first = cycles.load("shifts", 1, [(1, "2021-05-01", 2, "2022-05-01")])
    cycles.load("shifts", 2, [(2, "2022-05-01", 1, "2021-05-01")])
    cycles.resolve(first)
    assert cycles.rows("SELECT id FROM shifts ORDER BY id") == [(1,), (2,)]


def test_a_record_that_the_table_refuses_keeps_its_cycle_pending(cycles: Ledger) -> None:
    cycles.load("crew", 0, [(9, None, "taken")])
    first = cycles.load("crew", 1, [(1, 2, "a")])
    second = cycles.load("crew", 2, [(2, 1, "taken")])
    assert cycles.resolve(first)["outcome"] == "ended"
    assert orphans(cycles) == []
    assert cycles.waybill(second) == {"read": 1, "pending_reference": 1}


def test_a_later_record_of_a_cycle_counts(cycles: Ledger) -> None:
    first = cycles.load("crew", 1, [(1, 2, "old")])
    cycles.load("crew", 2, [(1, 2, "new")])
    third = cycles.load("crew", 3, [(2, 1, "b")])
    cycles.resolve(third)
    assert cycles.rows("SELECT id, name FROM crew ORDER BY id") == [(1, "new"), (2, "b")]
    assert cycles.resolve(first)["outcome"] == "ended"


def test_the_reaper_finds_a_cycle_whose_messages_were_lost(cycles: Ledger) -> None:
    first = cycles.load("crew", 1, [(1, 2, "a")])
    cycles.load("crew", 2, [(2, 1, "b")])
    found = cycles.loader.execute("SELECT job_id, queue FROM waybill.stalled_jobs(0)").fetchall()
    assert (first, "pending") in found


def test_a_record_whose_parent_never_comes_is_not_tried_forever(cycles: Ledger) -> None:
    first = cycles.load("crew", 1, [(1, 7, "a")])
    second = cycles.load("crew", 2, [(2, 8, "b")])
    for job in (first, second):
        assert cycles.resolve(job)["outcome"] == "ended"
    assert cycles.loader.execute("SELECT job_id FROM waybill.stalled_jobs(0)").fetchall() == []
