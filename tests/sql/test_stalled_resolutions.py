"""The reaper retries pending records when parents may have arrived, and not forever."""

from uuid import UUID

import pytest

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from waybill.database.reaper import Reaper
from waybill.database.refreshes import Refreshes

CREW = (
    "CREATE TABLE crew (id integer PRIMARY KEY, boss_id integer REFERENCES crew);"
    "SELECT waybill.register_dataset('crew')"
)

SITES = """
CREATE TABLE regions (id integer PRIMARY KEY);
CREATE TABLE areas (id integer PRIMARY KEY, region_id integer REFERENCES regions);
CREATE TABLE sites (id integer PRIMARY KEY, area_id integer REFERENCES areas);
SELECT waybill.register_dataset(name) FROM unnest(ARRAY['regions', 'areas', 'sites']) AS name;
"""

PROFILES = """
CREATE TABLE profiles (
    id integer PRIMARY KEY, name text, department_id integer REFERENCES departments
);
SELECT waybill.register_dataset('profiles');
"""


@pytest.fixture
def crew(ledger: Ledger) -> Ledger:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(CREW.encode())
    ledger.admin.execute("RESET ROLE")
    return ledger


def resolve(ledger: Ledger, job: UUID) -> None:
    """As the step does it, with a run."""
    found = ledger.loader.execute(
        "SELECT waybill.start_run(%s, 'resolve', NULL)", (job,)
    ).fetchone()
    assert found
    ledger.resolve(job)
    ledger.loader.execute("SELECT waybill.end_run(%s, 'ok', NULL)", found)


def stalled(ledger: Ledger) -> set[UUID]:
    return {job.job_id for job in Reaper(ledger.loader).stalled_jobs(0) if job.queue == "pending"}


def test_jobs_whose_parents_never_arrive_are_left_alone(crew: Ledger) -> None:
    jobs = [crew.load("crew", n, [(n, None), (n + 10, 99)]) for n in (1, 2)]
    for job in jobs:
        resolve(crew, job)
    assert stalled(crew) == set()


def test_a_resolved_record_may_be_the_parent_of_another(ledger: Ledger) -> None:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(SITES.encode())
    ledger.admin.execute("RESET ROLE")
    child = ledger.load("sites", 1, [(1, 2)])
    parent = ledger.load("areas", 2, [(2, 3), (5, None)])
    ledger.load("regions", 3, [(3,)])
    resolve(ledger, child)
    assert stalled(ledger) == {parent}
    resolve(ledger, parent)
    assert stalled(ledger) == {child}
    resolve(ledger, child)
    assert stalled(ledger) == set()
    assert ledger.rows("SELECT count(*) FROM sites") == [(1,)]


def test_nothing_waits_for_a_dry_run(ledger: Ledger) -> None:
    job = ledger.land("hired_employees", 1)
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = %s",
        (job,),
    )
    ledger.stage(job, "hired_employees", [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)])
    assert ledger.merge(job)["outcome"] == "merged"
    ledger.load("departments", 2, [(1, "Sales")])
    assert stalled(ledger) == set()


def test_a_parent_that_commits_slowly_is_not_missed(ledger: Ledger) -> None:
    child = ledger.load("hired_employees", 1, [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)])
    parent = ledger.land("departments", 2)
    ledger.stage(parent, "departments", [(1, "Sales")])
    with ledger.database.connect("pipeline") as slow:
        with slow.transaction():
            slow.execute("SELECT waybill.merge_job(%s)", (parent,))
            # The message that the child's own merge sent; the parent's is lost afterwards.
            resolve(ledger, child)
        assert stalled(ledger) == {child}
    resolve(ledger, child)
    assert stalled(ledger) == set()
    assert ledger.rows("SELECT name FROM hired_employees") == [("Ada",)]


def test_a_dry_run_of_parents_resolves_nothing(ledger: Ledger) -> None:
    ledger.load("hired_employees", 1, [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)])
    parent = ledger.land("departments", 2)
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = %s",
        (parent,),
    )
    ledger.stage(parent, "departments", [(1, "Sales")])
    ledger.merge(parent)
    assert stalled(ledger) == set()
    assert ledger.rows("SELECT name FROM hired_employees") == []


def visibility(ledger: Ledger, job: UUID) -> str:
    ((found,),) = ledger.rows("SELECT waybill.job_visibility(%s)", job)
    return str(found)


def test_job_is_not_visible_while_records_that_it_unblocked_are_resolved(crew: Ledger) -> None:
    grandchild = crew.load("crew", 1, [(1, 2)])
    child = crew.load("crew", 2, [(2, 3)])
    parent = crew.load("crew", 3, [(3, None)])
    assert visibility(crew, parent) == "open"
    resolve(crew, child)
    # The record that waited for the parent is there; the one that waits for that record is not.
    assert visibility(crew, child) == "open"
    assert visibility(crew, parent) == "open"
    resolve(crew, grandchild)
    assert {visibility(crew, job) for job in (grandchild, child, parent)} == {"visible"}


def test_a_job_is_visible_beside_records_that_wait_for_other_parents(ledger: Ledger) -> None:
    waiting = ledger.load("hired_employees", 1, [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)])
    other = ledger.load("departments", 2, [(2, "Legal")])
    assert visibility(ledger, other) == "visible"
    assert visibility(ledger, waiting) == "visible"
    parent = ledger.load("departments", 3, [(1, "Sales")])
    assert visibility(ledger, parent) == "open"
    resolve(ledger, waiting)
    assert visibility(ledger, parent) == "stale"
    assert visibility(ledger, other) in {"stale", "visible"}


def test_a_job_without_rows_is_visible_beside_records_that_wait_for_earlier_ones(
    ledger: Ledger,
) -> None:
    ledger.declare(PROFILES)
    orphan = ledger.load("profiles", 1, [(1, 9)], columns=["id", "department_id"])
    follower = ledger.load("profiles", 2, [(1, "Ada")], columns=["id", "name"])
    empty = ledger.load("profiles", 3, [])
    parents = ledger.load("departments", 4, [])
    for job in (orphan, follower):
        resolve(ledger, job)
    jobs = (orphan, follower, empty, parents)
    assert [visibility(ledger, job) for job in jobs] == ["visible"] * len(jobs)
    department = ledger.load("departments", 5, [(9, "Sales")])
    assert visibility(ledger, department) == "open"


def test_a_parent_that_was_found_unchanged_since_still_has_its_children_resolved(
    ledger: Ledger,
) -> None:
    child = ledger.load("hired_employees", 1, [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)])
    # Whoever merged it died before the child's message was sent.
    parent = ledger.load("departments", 2, [(1, "Sales")])
    same, _ = batch(ledger, "departments", [{"id": "1", "department": "Sales"}])
    assert ledger.waybill(same) == {"read": 1, "unchanged": 1}
    assert visibility(ledger, parent) == "open"
    assert ledger.merge(parent)["pending"] == [str(child)]
    resolve(ledger, child)
    assert ledger.rows("SELECT name FROM hired_employees") == [("Ada",)]


def test_dry_run_leaves_nothing_to_do(ledger: Ledger) -> None:
    ledger.load("hired_employees", 1, [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)])
    job = ledger.land("departments", 2)
    pending = ledger.land("hired_employees", 3)
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = ANY (%s)",
        ([job, pending],),
    )
    ledger.stage(job, "departments", [(1, "Sales")])
    ledger.merge(job)
    ledger.stage(pending, "hired_employees", [(2, "Bob", "2021-01-01T00:00:00Z", 1, None)])
    ledger.merge(pending)
    ledger.loader.execute(
        "SELECT waybill.mark_published(ARRAY(SELECT id FROM waybill.unpublished(9)))"
    )
    with ledger.database.connect("waybill_refresh") as refresher:
        settled = Refreshes(refresher).settled_jobs([job, pending])
    assert settled == {job, pending}
    assert stalled(ledger) == set()
