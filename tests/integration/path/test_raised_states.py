"""Whatever SQLSTATE a trigger raises, its job ends in a bounded number of attempts."""

import re
from collections import Counter

import pytest
from psycopg import errors

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection

# One of each class that PostgreSQL has, those that are told apart, and some of nobody.
CLASSES = {
    state[:2]: state
    for state in sorted(vars(errors)["_sqlcodes"])
    if re.match(r"[\dF-X]\w\w\d\d", state)
}
SINGLE = ("55P03", "55006", "57014", "57P01", "57P03", "40P01", "08006", "0A000", "BIZ01", "ZZ999")
STATES = sorted({*CLASSES.values(), *SINGLE})
# How often a file is tried that fails with a state of the class or with the state; others: twice.
TRANSIENT = {"08": 10, "40": 10, "53": 30, "58": 30}
TRANSIENT_STATES = ("25P03", "25P04", "55006", "55P03", "57014", "57P01", "57P03", "57P05")
TABLE = """
    CREATE TABLE t (id int PRIMARY KEY, state text);
    CREATE FUNCTION public.raise_state() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.state <> '' THEN RAISE EXCEPTION 'refused' USING ERRCODE = NEW.state; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER raise_state BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION raise_state();
    SELECT waybill.register_dataset('t')
"""


@pytest.fixture
def table(admin: Connection) -> None:
    admin.execute(TABLE.encode())


@pytest.mark.usefixtures("table")
def test_a_file_ends_whatever_its_table_raises(admin: Connection, cloud: Cloud) -> None:
    for number, state in enumerate(STATES):
        body = f"id,state\n{2 * number},{state}\n{2 * number + 1},\n"
        land(cloud, "t", f"{state}.csv", body.encode(), second=number % 59)
    land(cloud, "t", "good.csv", b"id,state\n1000,\n", second=59)
    settle(cloud, rounds=200)
    jobs = admin.execute(
        "SELECT split_part(filename, '.', 1), j.state, inserted, rejected,"
        " (SELECT count(*) FROM waybill.job_runs AS r WHERE r.job_id = j.job_id"
        " AND r.step = 'merge' AND r.outcome = 'retry' AND r.error ->> 'type' <> 'job-waiting')"
        " FROM waybill.ingestion_jobs AS j"
    ).fetchall()
    assert len(jobs) == len(STATES) + 1
    for state, ended, inserted, rejected, attempts in jobs:
        if ended == "COMPLETED_WITH_REJECTS":
            assert (inserted, rejected, attempts) == (1, 1, 0), state
        elif state == "good":
            assert ended == "COMPLETED"
        else:
            limit = 10 if state in TRANSIENT_STATES else TRANSIENT.get(state[:2])
            assert ended == "FAILED", state
            assert attempts == limit if limit else attempts <= 2, state
    loaded = Counter(ended for _, ended, *_ in jobs)
    assert loaded["COMPLETED"] == 1
    assert admin.execute("SELECT count(*) FROM t").fetchone() == (
        1 + loaded["COMPLETED_WITH_REJECTS"],
    )


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("state", ["0A000", "42P01", "XX000", "ZZ999"])
def test_pending_records_that_the_table_refuses_are_rejected(
    admin: Connection, cloud: Cloud, state: str
) -> None:
    admin.execute("CREATE TABLE p (id int PRIMARY KEY)")
    admin.execute("SELECT waybill.register_dataset('p')")
    admin.execute("ALTER TABLE t ADD COLUMN parent int REFERENCES p")
    land(cloud, "t", "child.csv", f"id,state,parent\n1,{state},7\n".encode(), second=1)
    settle(cloud)
    land(cloud, "p", "parent.csv", b"id\n7\n", second=2)
    settle(cloud)
    found = admin.execute(
        "SELECT state, rejected, pending_reference FROM waybill.ingestion_jobs WHERE dataset = 't'"
    ).fetchall()
    assert found == [("COMPLETED_WITH_REJECTS", 1, 0)]
    reason = admin.execute("SELECT errors -> 0 ->> 'message' FROM waybill.validation_errors")
    assert "refused" in str(reason.fetchone())
    assert admin.execute("SELECT count(*) FROM t").fetchone() == (0,)
