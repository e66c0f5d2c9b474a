"""Ends of jobs and late sources become one digest for each receiver that chose them."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.postgres.databases import Database
from tests.sql.api_calls import cancel
from tests.sql.staging import Ledger
from waybill.ids import new_id

TABLE = """
CREATE TABLE moorings (berth text PRIMARY KEY, metres integer NOT NULL CHECK (metres > 0));
SELECT waybill.register_dataset('moorings', notify => '{
    "harbour_office": ["rejects", "failed", "late"], "erp": ["finished"]}');
"""


def declare(ledger: Ledger, **quiet: int) -> None:
    """Receivers of these names, each with its quiet time in seconds."""
    for name, seconds in quiet.items():
        definition = {"name": name, "quiet_seconds": seconds, "max_wait_seconds": 900}
        ledger.admin.execute(
            "INSERT INTO waybill.receivers VALUES (%s, %s, 'receivers/x.toml')",
            (name, json.dumps(definition)),
        )


@pytest.fixture
def office(ledger: Ledger) -> Ledger:
    ledger.declare(TABLE)
    declare(ledger, harbour_office=0, erp=0)
    return ledger


def events(ledger: Ledger) -> list[tuple[str, str]]:
    return ledger.rows("SELECT receiver, event FROM waybill.notifications ORDER BY 1, 2")


def digests(ledger: Ledger) -> list[dict[str, Any]]:
    """Make the digests that are due; what they say."""
    ledger.admin.execute("DELETE FROM waybill.outbox")
    ledger.admin.execute("SELECT waybill.make_digests()")
    found = ledger.rows("SELECT payload FROM waybill.outbox WHERE kind = 'digest.made' ORDER BY id")
    return [payload["content"] for (payload,) in found]


def fail(ledger: Ledger, at: float) -> Any:
    job = ledger.land("moorings", at)
    problem = {"type": "unknown-columns", "title": "Unknown columns", "detail": "Ada Lovelace"}
    ledger.loader.execute("SELECT waybill.fail_job(%s, %s)", (job, json.dumps(problem)))
    return job


def test_each_receiver_gets_the_events_that_it_chose(office: Ledger) -> None:
    office.load("moorings", 1, [("a", 1)])
    office.load("moorings", 2, [("b", 1), ("c", 0)])
    fail(office, 3)
    assert events(office) == [
        ("erp", "finished"),
        ("harbour_office", "failed"),
        ("harbour_office", "rejects"),
    ]


def test_a_duplicate_is_an_event_as_a_load_of_it_would_be(office: Ledger) -> None:
    for at, records in enumerate(([("a", 1)], [("b", 1), ("c", 0)])):
        job = office.load("moorings", at, records)
        office.admin.execute("DELETE FROM waybill.notifications")
        office.admin.execute(
            "UPDATE waybill.ingestion_jobs SET state = 'DUPLICATE',"
            " finished_at = now() + interval '1 hour' WHERE job_id = %s",
            (job,),
        )
        office.admin.execute("SELECT waybill.notify_job_end(%s)", (job,))
        assert events(office) == [("erp", "finished") if at == 0 else ("harbour_office", "rejects")]


def test_a_digest_has_the_waybills_of_its_jobs(office: Ledger) -> None:
    rejects = office.load("moorings", 1, [("b", 1), ("c", 0)])
    failed = fail(office, 2)
    (digest,) = digests(office)
    assert digest["receiver"] == "harbour_office"
    assert digest["datasets"] == ["moorings"]
    assert digest["counts"] == {"finished": 0, "rejects": 1, "failed": 1, "reverted": 0, "late": 0}
    assert (digest["records"]["read"], digest["records"]["rejected"]) == (2, 1)
    first, second = digest["events"]
    assert (first["event"], first["job_id"]) == ("failed", str(failed))
    assert first["problem"] == {"type": "unknown-columns", "title": "Unknown columns"}
    assert (second["job_id"], second["records"]["inserted"]) == (str(rejects), 1)
    assert digests(office) == []


def test_a_digest_has_no_value_of_a_record_and_no_name_of_a_file(office: Ledger) -> None:
    office.load(
        "moorings", 1, [("Grace Hopper", 1), ("Lovelace", 0)], key="landing/moorings/ada.csv"
    )
    fail(office, 2)
    text = json.dumps(digests(office))
    assert "moorings" in text
    assert not any(value in text for value in ("Hopper", "Lovelace", "ada.csv"))


def test_a_thousand_jobs_are_one_digest(office: Ledger) -> None:
    office.admin.execute(
        "SELECT waybill.notify('finished', 'moorings', NULL, uuidv7(),"
        ' \'{"records": {"read": 3}}\') FROM generate_series(1, 1000)'
    )
    (digest,) = digests(office)
    assert (digest["counts"]["finished"], digest["records"]["read"]) == (1000, 3000)
    assert (len(digest["events"]), digest["not_listed"]) == (20, 980)


def test_a_thousand_files_that_end_are_one_digest(office: Ledger) -> None:
    office.admin.execute(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, filename)"
        " SELECT uuidv7(), 'moorings', 'LANDED', n || '.csv' FROM generate_series(1, 1000) AS n"
    )
    problem = json.dumps({"type": "unknown-columns", "title": "Unknown columns"})
    office.admin.execute(
        "SELECT waybill.fail_job(job_id, %s) FROM waybill.ingestion_jobs", (problem,)
    )
    (digest,) = digests(office)
    assert (digest["counts"]["failed"], len(digest["events"])) == (1000, 20)
    assert digests(office) == []


def test_records_that_are_written_later_end_their_job_no_second_time(
    ledger: Ledger, database: Database
) -> None:
    ledger.declare(
        """CREATE TABLE piers (pier text PRIMARY KEY);
        SELECT waybill.register_dataset('piers');
        CREATE TABLE boats (boat text PRIMARY KEY, pier text REFERENCES piers);
        SELECT waybill.register_dataset('boats', notify => '{"erp": ["finished"]}')"""
    )
    declare(ledger, erp=0)
    with database.connect("waybill_merge") as late, late.transaction():
        # What the call that writes them takes for now is before the end of the job.
        late.execute("SELECT now()")
        job = ledger.load("boats", 1, [("a", "north")])
        ledger.load("piers", 2, [("north",)])
        late.execute("SELECT waybill.resolve_pending(%s)", (job,))
    assert ledger.waybill(job) == {"read": 1, "inserted": 1}
    assert events(ledger) == [("erp", "finished")]
    ends = "SELECT count(*) FROM waybill.outbox WHERE kind = 'job.finished' AND payload ? 'records'"
    assert ledger.rows(ends) == [(2,)]


def test_events_are_due_after_a_quiet_time_or_when_the_first_has_waited_long(
    ledger: Ledger,
) -> None:
    ledger.declare(TABLE)
    declare(ledger, erp=60)
    for at in (1, 2):
        ledger.load("moorings", at, [("a", at)])
    assert digests(ledger) == []
    ages = "UPDATE waybill.notifications SET created_at = clock_timestamp() - %s::interval"
    ledger.admin.execute(ages, ("61 seconds",))
    ledger.load("moorings", 3, [("a", 9)])
    assert digests(ledger) == []
    ledger.admin.execute(ages, ("61 seconds",))
    assert [digest["counts"]["finished"] for digest in digests(ledger)] == [3]
    ledger.load("moorings", 4, [("a", 8)])
    ledger.admin.execute(ages, ("15 minutes",))
    ledger.load("moorings", 5, [("a", 7)])
    assert [digest["counts"]["finished"] for digest in digests(ledger)] == [2]


def test_a_cancelled_job_and_a_dry_run_notify_nobody(office: Ledger) -> None:
    assert cancel(office, office.land("moorings", 1)) == "CANCELLED"
    job = office.land("moorings", 2)
    office.admin.execute(
        "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = %s",
        (job,),
    )
    office.stage(job, "moorings", [("a", 1)])
    assert office.merge(job)["outcome"] == "merged"
    assert events(office) == []


@pytest.mark.parametrize(
    ("problem", "expected"),
    [("killed-repeatedly", [("harbour_office", "failed")]), ("members-failed", [])],
)
def test_an_archive_notifies_only_if_it_failed_itself(
    office: Ledger, problem: str, expected: list[tuple[str, str]]
) -> None:
    job = office.land("moorings", 1)
    office.admin.execute(
        "UPDATE waybill.ingestion_jobs SET archive_format = 'zip' WHERE job_id = %s", (job,)
    )
    office.loader.execute(
        "SELECT waybill.fail_job(%s, %s)", (job, json.dumps({"type": problem, "title": "t"}))
    )
    assert events(office) == expected


def test_a_merge_that_is_repeated_notifies_once(office: Ledger) -> None:
    job = office.load("moorings", 1, [("a", 1)])
    office.merge(job)
    assert events(office) == [("erp", "finished")]


def test_a_job_whose_merge_is_undone_notifies_nobody(office: Ledger) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), office.admin.transaction():
        office.admin.execute("SELECT waybill.notify('finished', 'moorings', NULL, uuidv7(), '{}')")
        office.admin.execute("SELECT 1 / 0")
    assert events(office) == []


def test_a_job_of_a_source_notifies_its_receivers_too(office: Ledger) -> None:
    declare(office, crew=0)
    source = new_id()
    office.admin.execute(
        "INSERT INTO waybill.data_sources (source_id, name, kind, connection, dataset, notify)"
        " VALUES (%s, 'pier', 'rest', '{}', 'moorings', '{\"crew\": [\"finished\"]}')",
        (source,),
    )
    job = office.land("moorings", 1)
    office.admin.execute("INSERT INTO waybill.source_runs VALUES (%s, %s)", (job, source))
    office.stage(job, "moorings", [("a", 1)])
    office.merge(job)
    assert events(office) == [("crew", "finished"), ("erp", "finished")]
    assert {digest["events"][0]["source"] for digest in digests(office)} == {"pier"}


def test_a_late_source_is_reported_once_until_it_has_succeeded_again(office: Ledger) -> None:
    office.admin.execute(
        "INSERT INTO waybill.data_sources (name, kind, connection, dataset, late_after_seconds,"
        " last_success_at)"
        " VALUES ('pier', 'rest', '{}', 'moorings', 60, now() - interval '2 minutes')"
    )
    assert office.rows("SELECT waybill.report_late_sources()") == [(1,)]
    assert office.rows("SELECT waybill.report_late_sources()") == [(0,)]
    ((payload,),) = office.rows("SELECT payload FROM waybill.outbox WHERE kind = 'source.late'")
    assert (payload["source"], payload["dataset"]) == ("pier", "moorings")
    assert payload["lag_seconds"] >= 120
    (digest,) = digests(office)
    assert (digest["counts"]["late"], digest["events"][0]["source"]) == (1, "pier")
    office.admin.execute(
        "UPDATE waybill.data_sources SET last_success_at = now() - interval '90 seconds'"
    )
    assert office.rows("SELECT waybill.report_late_sources()") == [(1,)]


def test_two_runs_at_the_same_time_make_one_digest(office: Ledger, database: Database) -> None:
    office.admin.execute(
        "SELECT waybill.notify('finished', 'moorings', NULL, uuidv7(), '{}')"
        " FROM generate_series(1, 50)"
    )

    def make(_: int) -> None:
        with database.connect() as connection:
            connection.execute("SELECT waybill.make_digests()")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(4)))
    found = office.rows("SELECT payload FROM waybill.outbox WHERE kind = 'digest.made'")
    assert [payload["content"]["counts"]["finished"] for (payload,) in found] == [50]


def test_a_marker_stays_until_the_digest_of_its_job_is_published(office: Ledger) -> None:
    job = office.load("moorings", 1, [("a", 1)])
    settled = "SELECT waybill.settled_jobs(ARRAY[%s]::uuid[])"
    office.admin.execute("UPDATE waybill.outbox SET published_at = now()")
    assert office.rows(settled, job) == []
    office.admin.execute("SELECT waybill.make_digests()")
    assert office.rows(settled, job) == []
    office.admin.execute("UPDATE waybill.outbox SET published_at = now()")
    assert office.rows(settled, job) == [(job,)]


@pytest.mark.parametrize(
    ("notify", "message"),
    [
        ([], "an object of receivers is needed"),
        ({"erp": "failed"}, "erp: a list of events is needed"),
        ({"erp": []}, "erp: a list of events is needed"),
        ({"erp": ["done"]}, "erp: the events are finished, rejects, failed, reverted and late"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(ledger: Ledger, notify: Any, message: str) -> None:
    with pytest.raises(psycopg.Error, match=message):
        ledger.admin.execute(
            "SELECT waybill.register_dataset('departments', notify => %s)", (json.dumps(notify),)
        )
