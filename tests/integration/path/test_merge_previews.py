"""A preview shows what the merge makes of records: SQL conditions, look-ups and duplicates."""

import json

import psycopg
import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.previews import JSON_LINES, assert_same, outcomes, preview
from tests.integration.path.steps import land, settle
from tests.integration.path.test_every_rule import FILE, TABLES
from tests.postgres.databases import Connection
from tests.unit.http.api_client import ADMIN
from waybill.database.session import Session
from waybill.http.principal import Principal
from waybill.masking import MASK

LOADER = Principal("a-loader", "loader", None, ADMIN.expires_at)

# Table and rules, file, and the outcomes in order.
CASES = {
    "keywords": (
        """CREATE TABLE t ("select" integer, "order" text, "a""b" text, "O'Hara" text,
            "100%s" text);
        SELECT waybill.register_dataset('t', transformation => '{
            "where": "\\"select\\" > 1 AND \\"a\\"\\"b\\" IS NOT NULL",
            "drop_duplicates": ["O''Hara", "100%s"]}')""",
        'select,order,"a""b",O\'Hara,100%s\n1,a,b,c,d\n2,a,b,c,d\n3,a,,c,d\n4,x,y,c,d\n5,,z,,\n',
        "filtered loaded filtered filtered loaded",
    ),
    "a cast that fails for one record": (
        """CREATE TABLE t (label text);
        SELECT waybill.register_dataset('t', transformation => '{
            "where": "label::integer > 3"}')""",
        "label\n5\nfive\n2\n99999999999\n",
        "loaded rejected filtered rejected",
    ),
    "null is not true": (
        """CREATE TABLE t (n integer);
        SELECT waybill.register_dataset('t', transformation => '{"where": "n > NULL::integer"}')""",
        "n\n1\n2\n",
        "filtered filtered",
    ),
    "a long pattern": (
        """CREATE TABLE t (label text);
        SELECT waybill.register_dataset('t', transformation => jsonb_build_object('where',
            'label ~ ''^(' || repeat('(a|b|c)?', 60) || ')$'''))""",
        f"label\n{'abc' * 10}\n{'abd' * 10}\n",
        "loaded filtered",
    ),
    "no duplicate of a record that a check rejects": (
        """CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY CHECK (id > 0), day date,
            n integer CHECK (n <> 13), half numeric GENERATED ALWAYS AS (100 / n) STORED);
        SELECT waybill.register_dataset('t', transformation => '{"drop_duplicates": ["day"]}')""",
        "day,n\n2024-05-01,13\n2024-05-01,0\n2024-05-01,7\n2024-05-01,8\n",
        "rejected rejected loaded filtered",
    ),
    "types that only the database reads": (
        """CREATE TYPE hull AS ENUM ('wood', 'steel');
        CREATE DOMAIN weight AS numeric CHECK (VALUE > 0);
        CREATE TABLE t (hull hull, parts integer[], tons weight, note jsonb, raw bytea);
        SELECT waybill.register_dataset('t', transformation => '{
            "where": "hull <> ''steel''::public.hull AND cardinality(parts) > 1",
            "drop_duplicates": ["*"]}')""",
        'hull,parts,tons,note,raw\nwood,"{1,2}",1.50,"{""a"": 1}",\\x00ff\n'
        'wood,"{1,2}",1.50,"{""a"": 1}",\\x00ff\nsteel,"{1,2}",1,,\nwood,{1},1,,\n'
        'tin,{1},1,,\nwood,"{1,x}",1,,\nwood,"{1,2}",-1,,\n',
        "loaded filtered filtered filtered rejected rejected rejected",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_preview_is_what_the_load_does(case: str, admin: Connection, cloud: Cloud) -> None:
    declaration, text, expected = CASES[case]
    admin.execute(declaration.encode())
    shown = assert_same(admin, cloud, "t", text)
    assert [one["outcome"] for one in shown["records"]] == expected.split()
    assert shown["not_shown"] == []


def test_records_that_lack_a_column_are_no_duplicates_of_null(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(
        b"CREATE TABLE t (a text, b integer DEFAULT 7, at timestamptz);"
        b"""SELECT waybill.register_dataset('t', transformation => '{"drop_duplicates": ["*"]}')"""
    )
    at = "2024-05-01T10:00:00+02:00"
    rows = [{"a": "x", "at": at}, {"a": "x", "b": None, "at": at}, {"a": "x", "at": at}]
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    shown = assert_same(admin, cloud, "t", text, media=JSON_LINES)
    assert [one["outcome"] for one in shown["records"]] == ["loaded", "loaded", "filtered"]
    assert shown["records"][2]["rule"] == "drop_duplicates"
    assert "Duplicates are looked for among the records shown." in shown["warnings"]


def test_every_rule_is_shown_with_the_values_that_are_looked_up(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(TABLES.encode())
    land(cloud, "reefs", "reefs.csv", b"buoy,sea\na7,Coral\nb2,Timor\n")
    settle(cloud)
    shown = assert_same(admin, cloud, "dives", FILE)
    assert [(one["outcome"], one["rule"]) for one in shown["records"]] == [
        ("loaded", None),
        ("filtered", "drop_duplicates"),
        ("loaded", None),
        ("filtered", "filter"),
        ("filtered", "where"),
        ("rejected", None),
        ("rejected", None),
    ]
    seas = [one["after"]["sea"] for one in shown["records"] if one["after"]]
    rows = admin.execute('SELECT sea FROM dives ORDER BY "Dived On"').fetchall()
    assert seas == [sea for (sea,) in rows] == ["Coral", None]


PEOPLE = """
CREATE TABLE people (badge text PRIMARY KEY, surname text, team text);
SELECT waybill.register_dataset('people', personal => '{surname}');
INSERT INTO people VALUES ('b1', 'Curie', 'red'), ('b2', 'Noether', 'blue');
CREATE TABLE shifts (badge text NOT NULL, surname text, team text CHECK (team <> 'blue'));
SELECT waybill.register_dataset('shifts', transformation => '{
    "enrich": {"surname": {"dataset": "people", "take": "surname", "on": {"badge": "badge"}},
               "team": {"dataset": "people", "take": "team", "on": {"badge": "badge"}}},
    "where": "surname <> ''Noether''"}');
"""
SHIFTS = "badge\nb1\nb2\nb3\n"


def test_personal_values_that_are_looked_up_are_masked_and_decide_nothing(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(PEOPLE.encode())
    shown = preview(admin, cloud, "shifts", SHIFTS, caller=LOADER)
    assert [one["after"] for one in shown["records"]] == [
        {"badge": "b1", "surname": MASK, "team": "red"},
        {"badge": "b2", "surname": MASK, "team": "blue"},
        {"badge": "b3", "surname": None, "team": None},
    ]
    assert shown["not_shown"] == ["where"]
    assert "Checks and generated columns" in shown["warnings"][1]
    granted = LOADER._replace(personal=frozenset({"people"}))
    shown = preview(admin, cloud, "shifts", SHIFTS, caller=granted)
    assert shown["not_shown"] == []
    assert [one["outcome"] for one in shown["records"]] == ["loaded", "filtered", "filtered"]
    assert shown["records"][0]["after"]["surname"] == "Curie"
    audited = admin.execute(
        "SELECT actor, dataset, detail FROM waybill.audit_logs WHERE action = 'personal.read'"
    ).fetchall()
    assert audited == [("a-loader", "people", {"records": "lookups"})]


def test_a_dataset_that_the_caller_may_not_read_stays_unknown(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(PEOPLE.encode())
    limited = LOADER._replace(datasets=frozenset({"shifts"}), personal=None)
    shown = preview(admin, cloud, "shifts", SHIFTS, caller=limited)
    # Not even whether there is a row.
    assert [one["after"] for one in shown["records"]] == [
        {"badge": "b1"}, {"badge": "b2"}, {"badge": "b3"},
    ]  # fmt: skip
    assert shown["not_shown"] == ["enrich", "where"]
    assert "people" not in json.dumps(shown)


def test_an_expression_of_the_table_cannot_write(admin: Connection, cloud: Cloud) -> None:
    admin.execute(
        b"CREATE TABLE calls (n integer);"
        b"CREATE FUNCTION spy(n integer) RETURNS boolean LANGUAGE plpgsql AS"
        b" 'BEGIN INSERT INTO public.calls VALUES (n); RETURN true; END';"
        b"CREATE TABLE t (n integer CHECK (public.spy(n)));"
        b"""SELECT waybill.register_dataset('t', transformation => '{"where": "n > 1"}')"""
    )
    shown = preview(admin, cloud, "t", "n\n1\n2\n")
    assert outcomes(shown) == {"filtered": 1, "loaded": 1}
    assert "or would write" in shown["warnings"][0]
    assert admin.execute("SELECT count(*) FROM calls").fetchone() == (0,)


def test_a_preview_writes_no_row_no_job_and_no_sequence(admin: Connection, cloud: Cloud) -> None:
    declaration, text, _ = CASES["no duplicate of a record that a check rejects"]
    admin.execute(declaration.encode())
    counts = (
        b"SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM waybill.ingestion_jobs),"
        b" (SELECT count(*) FROM waybill.outbox), pg_sequence_last_value('t_id_seq')"
    )
    before = admin.execute(counts).fetchone()
    preview(admin, cloud, "t", text)
    assert admin.execute(counts).fetchone() == before == (0, 0, 0, None)


def test_a_table_that_is_locked_is_not_waited_for(admin: Connection, cloud: Cloud) -> None:
    admin.execute(PEOPLE.encode())
    with admin.transaction():
        admin.execute(b"LOCK TABLE people")
        shown = preview(admin, cloud, "shifts", SHIFTS)
    assert shown["not_shown"] == ["enrich", "where"]
    assert "not available, or too slow" in shown["warnings"][0]
    assert outcomes(shown) == {"loaded": 3}


def test_a_transaction_has_no_more_time_than_is_left_of_its_request(admin: Connection) -> None:
    session = Session(admin)
    found = []
    for left in (3, 25, 0):
        session.limit_statements(left)
        with admin.transaction():
            session.limit_transaction(5)
            found.append(admin.execute("SHOW statement_timeout").fetchone())
    assert found == [("3s",), ("5s",), ("5s",)]


def test_only_the_batch_role_may_preview(admin: Connection) -> None:
    admin.execute("RESET ROLE")
    allowed = admin.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'waybill\\_%' AND NOT rolsuper"
        " AND rolname NOT IN ('waybill_owner') AND has_function_privilege(oid,"
        " 'waybill.preview_merge(text, text, jsonb, jsonb, jsonb, boolean)', 'EXECUTE')"
        " AND rolcanlogin AND NOT rolcreaterole ORDER BY 1"
    ).fetchall()
    assert ("waybill_batch",) in allowed
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        admin.execute("SET ROLE waybill_health")
        admin.execute("SELECT waybill.preview_merge('t', NULL, '{}', '[]', '{}', false)")
