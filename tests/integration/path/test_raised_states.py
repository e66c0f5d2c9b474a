"""Whatever SQLSTATE a trigger raises, its job ends and the next file is loaded."""

from collections import Counter

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection

# Of an outage, a lock, the server, the table and nobody: all raised by a trigger.
STATES = ("08006", "55P03", "57P01", "0A000", "BIZ01", "22P06")
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
    settle(cloud, rounds=100)
    jobs = admin.execute(
        "SELECT split_part(filename, '.', 1), state, inserted, rejected FROM waybill.ingestion_jobs"
    ).fetchall()
    assert len(jobs) == len(STATES) + 1
    for state, ended, inserted, rejected in jobs:
        if ended == "COMPLETED_WITH_REJECTS":
            assert (inserted, rejected) == (1, 1), state
        else:
            assert ended == ("COMPLETED" if state == "good" else "FAILED"), state
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
