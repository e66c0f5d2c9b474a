"""A merge that takes too long is cancelled, and may be tried again."""

import pytest
from psycopg.errors import QueryCanceled

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register
from waybill.database.merges import Merges
from waybill.errors import Transient

SLOW = """
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
$f$ BEGIN PERFORM pg_sleep(5); RETURN NEW; END $f$;
CREATE TRIGGER dawdle BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION dawdle()
"""


def test_a_merge_beyond_its_time_limit_is_cancelled(ledger: Ledger) -> None:
    register(ledger, SLOW)
    job = ledger.land("t", 1)
    ledger.stage(job, "t", [(1,)])
    ledger.admin.execute(
        "CREATE OR REPLACE FUNCTION waybill.merge_time_limit(p_job uuid) RETURNS bigint"
        " LANGUAGE sql RETURN 500"
    )
    with pytest.raises(Transient):
        Merges(ledger.loader).merge(job)
    ledger.admin.execute("SET ROLE waybill_owner; DROP TRIGGER dawdle ON t")
    assert Merges(ledger.loader).merge(job).outcome == "merged"


def test_a_revert_may_take_longer_than_other_statements_of_its_role(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY)")
    job = ledger.load("t", 1, [(1,), (2,)])
    ledger.declare(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
        " $f$ BEGIN PERFORM pg_sleep(0.6); RETURN OLD; END $f$;"
        " CREATE TRIGGER dawdle AFTER DELETE ON t FOR EACH STATEMENT EXECUTE FUNCTION dawdle()"
    )
    ledger.api.execute("SELECT waybill.request_revert(%s)", (job,))
    ledger.loader.execute("SET statement_timeout = '500ms'")
    with pytest.raises(QueryCanceled):
        ledger.loader.execute("SELECT waybill.revert_step(%s)", (job,))
    assert ledger.rows("SELECT count(*) FROM t") == [(2,)]
    assert Merges(ledger.loader).revert(job).outcome == "merged"
    assert ledger.rows("SELECT count(*) FROM t") == [(0,)]
