"""Rows of other tables follow those of a file by foreign keys: their figures are stale then."""

import pytest

from tests.sql.staging import Ledger

TABLES = """
CREATE TABLE piers (id integer PRIMARY KEY, name text);
SELECT waybill.register_dataset('piers', write_disposition => 'replace');
CREATE TABLE boats (id integer PRIMARY KEY, pier integer REFERENCES piers ON DELETE CASCADE);
SELECT waybill.register_dataset('boats');
CREATE FUNCTION public.boats_by_pier(timestamptz, timestamptz)
RETURNS TABLE (pier integer, boats bigint) LANGUAGE sql STABLE
AS 'SELECT b.pier, count(*) FROM public.boats AS b GROUP BY b.pier';
"""
FAMILY = """
SELECT waybill.register_view_family('boats_at', 'boats', 'public.boats_by_pier', '{pier}')
"""


@pytest.fixture
def port(ledger: Ledger) -> Ledger:
    ledger.declare(TABLES + FAMILY)
    ledger.load("piers", 1, [(1, "North"), (2, "South")])
    ledger.load("boats", 2, [(1, 1), (2, 2)])
    for dataset in ("piers", "boats"):
        ledger.admin.execute("SELECT waybill.refresh_part(%s, '')", (dataset,))
    return ledger


def figures(port: Ledger) -> list[tuple[object, ...]]:
    for dataset, part in port.rows("SELECT * FROM waybill.stale_views()"):
        port.admin.execute("SELECT waybill.refresh_part(%s, %s)", (dataset, part))
    return port.rows("SELECT pier, boats FROM public.boats_at ORDER BY pier")


def test_rows_that_a_file_deletes_by_a_cascade_leave_the_figures(port: Ledger) -> None:
    assert figures(port) == [(1, 1), (2, 1)]
    job = port.load("piers", 3, [(1, "North")])
    assert port.rows("SELECT id FROM boats") == [(1,)]
    assert port.rows("SELECT waybill.job_visibility(%s)", job) == [("stale",)]
    assert figures(port) == [(1, 1)]
    assert port.rows("SELECT waybill.job_visibility(%s)", job) == [("visible",)]


def test_rows_that_follow_an_erased_person_leave_the_figures(port: Ledger) -> None:
    assert figures(port) == [(1, 1), (2, 1)]
    port.admin.execute("SELECT waybill.erase_person('piers', '[2]')")
    assert port.rows("SELECT id FROM boats") == [(1,)]
    assert figures(port) == [(1, 1)]


def test_a_file_that_only_inserts_makes_no_other_figures_stale(port: Ledger) -> None:
    figures(port)
    port.load("piers", 3, [(1, "North"), (2, "South"), (3, "West")])
    assert port.rows("SELECT dataset FROM waybill.stale_parts") == [("piers",)]
