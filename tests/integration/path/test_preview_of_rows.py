"""A preview says of records beside the rows that are there what the load says."""

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.previews import assert_same, outcomes, preview, publish
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection
from tests.unit.http.api_client import ADMIN
from waybill.http.principal import Principal

LOADER = Principal("a-loader", "loader", None, ADMIN.expires_at)
REEFS = """CREATE TABLE reefs (reef text PRIMARY KEY, sea text);
    SELECT waybill.register_dataset('reefs', personal => '{sea}');
    INSERT INTO reefs VALUES ('Coral', 'Tasman');"""

# Table and rows that are there, file, and the outcomes in order.
CASES = {
    "a parent that is missing": (
        f"""{REEFS}
        CREATE TABLE t (id integer PRIMARY KEY, reef text REFERENCES reefs, n integer);
        SELECT waybill.register_dataset('t');
        INSERT INTO t VALUES (4, 'Coral', 1)""",
        "id,reef,n\n1,Coral,1\n2,Atoll,1\n3,,1\n4,Atoll,1\n5,Atoll,x\n",
        "loaded pending loaded pending rejected",
    ),
    "a parent that is missing, and such records are rejected": (
        f"""{REEFS}
        CREATE TABLE t (id integer PRIMARY KEY, reef text REFERENCES reefs);
        SELECT waybill.register_dataset('t', on_missing_parent => 'reject')""",
        "id,reef\n1,Coral\n2,Atoll\n3,\n",
        "loaded rejected loaded",
    ),
    "a table that refers to itself": (
        """CREATE TABLE t (id integer PRIMARY KEY, boss integer REFERENCES t);
        SELECT waybill.register_dataset('t');
        INSERT INTO t VALUES (9, NULL)""",
        "id,boss\n1,9\n2,1\n3,8\n4,3\n5,4\n",
        "loaded loaded pending pending pending",
    ),
    "a parent in the file that has none itself, and such records are rejected": (
        """CREATE TABLE t (a integer, b integer, pa integer, pb integer, PRIMARY KEY (a, b),
            FOREIGN KEY (pa, pb) REFERENCES t);
        SELECT waybill.register_dataset('t', on_missing_parent => 'reject')""",
        "a,b,pa,pb\n1,1,,\n1,2,1,1\n1,3,9,9\n1,4,1,3\n1,5,9,\n",
        "loaded loaded rejected rejected loaded",
    ),
    "a virtual column that cannot be computed": (
        """CREATE TABLE t (id integer PRIMARY KEY, q integer,
            v integer GENERATED ALWAYS AS (100 / q) VIRTUAL);
        SELECT waybill.register_dataset('t')""",
        "id,q\n1,2\n2,0\n",
        "loaded rejected",
    ),
    "a name with a Turkish capital": (
        """CREATE TABLE t (city text PRIMARY KEY);
        SELECT waybill.register_dataset('t', transformation => '{"rename": {"İL": "city"}}')""",
        "İL\nİzmir\n",
        "loaded",
    ),
    "a value of a unique index": (
        """CREATE TABLE t (id integer PRIMARY KEY, code text, half numeric
                GENERATED ALWAYS AS (id / 2.0) STORED, CHECK (id < 100));
        CREATE UNIQUE INDEX ON t (lower(code)) WHERE id > 0;
        SELECT waybill.register_dataset('t');
        INSERT INTO t VALUES (1, 'a'), (2, 'b'), (7, 'q')""",
        # Values are exchanged, taken over from a row that changes, and doubled.
        "id,code\n1,b\n2,a\n3,Q\n4,c\n5,C\n6,\n200,z\n",
        "loaded loaded rejected loaded rejected loaded rejected",
    ),
    "a duplicate of a record that a unique index rejects": (
        """CREATE TABLE t (code text UNIQUE, day date);
        SELECT waybill.register_dataset('t', transformation => '{"drop_duplicates": ["day"]}');
        INSERT INTO t VALUES ('a', NULL)""",
        "code,day\na,2024-05-01\nb,2024-05-01\nc,2024-05-01\n",
        "rejected loaded filtered",
    ),
    "a key that files only insert": (
        """CREATE TABLE t (id integer PRIMARY KEY, n integer);
        SELECT waybill.register_dataset('t', write_disposition => 'append');
        INSERT INTO t VALUES (1, 1)""",
        "id,n\n1,2\n2,2\n2,3\n",
        "rejected loaded rejected",
    ),
    "a partition that is out of range": (
        """CREATE TABLE t (id integer, day date NOT NULL, PRIMARY KEY (id, day))
            PARTITION BY RANGE (day);
        SELECT waybill.register_dataset('t',
            partition_range => '[2020-01-01,2030-01-01)')""",
        "id,day\n1,2024-05-01\n2,1815-06-18\n",
        "loaded rejected",
    ),
    "a file that replaces the table": (
        """CREATE TABLE t (id integer PRIMARY KEY, code text UNIQUE);
        SELECT waybill.register_dataset('t', write_disposition => 'replace');
        INSERT INTO t VALUES (1, 'a')""",
        "id,code\n2,a\n3,b\n",
        "loaded loaded",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_records_beside_rows_have_the_outcome_of_the_load(
    case: str, admin: Connection, cloud: Cloud
) -> None:
    declaration, text, expected = CASES[case]
    admin.execute(declaration.encode())
    counts = b"SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM waybill.pending_references)"
    before = admin.execute(counts).fetchone()
    shown = preview(admin, cloud, "t", text)
    assert admin.execute(counts).fetchone() == before
    assert [one["outcome"] for one in shown["records"]] == expected.split()
    assert shown == assert_same(admin, cloud, "t", text)


def test_a_record_that_waits_says_for_what(admin: Connection, cloud: Cloud) -> None:
    declaration, text, _ = CASES["a parent that is missing"]
    admin.execute(declaration.encode())
    record = preview(admin, cloud, "t", text)["records"][1]
    assert record["after"] == {"id": 2, "reef": "Atoll", "n": 1}
    (error,) = record["errors"]
    assert (error["column"], error["code"]) == ("reef", "unknown_reference")
    assert error["message"] == "has no parent in public.reefs yet"


def test_generated_values_are_shown(admin: Connection, cloud: Cloud) -> None:
    admin.execute(
        b"CREATE TABLE t (metres numeric, feet numeric GENERATED ALWAYS AS (metres * 3) STORED);"
        b"SELECT waybill.register_dataset('t')"
    )
    shown = preview(admin, cloud, "t", "metres\n1.5\n")
    assert shown["records"][0]["after"] == {"metres": "1.5", "feet": 4.5}


def test_no_row_is_locked(admin: Connection, cloud: Cloud) -> None:
    declaration, text, _ = CASES["a parent that is missing"]
    admin.execute(declaration.encode())
    publish(admin, cloud, "t")
    with admin.transaction():
        admin.execute("SELECT FROM reefs FOR UPDATE")
        shown = preview(admin, cloud, "t", text)
    assert shown["warnings"] == []
    assert outcomes(shown)["pending"] == 2


def test_what_rows_would_tell_is_not_shown(admin: Connection, cloud: Cloud) -> None:
    admin.execute(
        f"""{REEFS}
        CREATE TABLE t (id integer PRIMARY KEY, reef text REFERENCES reefs, who text UNIQUE);
        SELECT waybill.register_dataset('t', personal => '{{who}}');
        INSERT INTO t VALUES (1, NULL, 'Curie')""".encode()
    )
    text = "id,reef,who\n2,Atoll,Noether\n3,Coral,Curie\n"
    shown = preview(admin, cloud, "t", text)
    assert [one["outcome"] for one in shown["records"]] == ["pending", "rejected"]
    shown = preview(admin, cloud, "t", text, caller=LOADER)
    # Whether the person is there already stays unknown; the parent does not.
    assert [one["outcome"] for one in shown["records"]] == ["pending", "loaded"]
    assert any(warning.startswith("Keys and unique values") for warning in shown["warnings"])
    limited = LOADER._replace(datasets=frozenset({"t"}))
    shown = preview(admin, cloud, "t", text, caller=limited)
    assert outcomes(shown) == {"loaded": 2}
    assert any("of datasets that you may not read" in warning for warning in shown["warnings"])


def test_rows_that_cannot_be_looked_at_in_time_are_left_out(
    admin: Connection, cloud: Cloud
) -> None:
    declaration, text, _ = CASES["a parent that is missing"]
    admin.execute(declaration.encode())
    publish(admin, cloud, "t")
    with admin.transaction():
        admin.execute("LOCK TABLE reefs")
        shown = preview(admin, cloud, "t", text)
    assert outcomes(shown) == {"loaded": 4, "rejected": 1}
    assert shown["warnings"][0].startswith("The records were not compared with the rows")


SOURCE = """INSERT INTO waybill.data_sources (source_id, name, kind, connection, dataset, retry,
    transformation)
VALUES (uuidv7(), 'lab', 's3', '{{}}', '{dataset}', '{{}}', '{rules}')"""


def test_the_rules_of_a_source_are_shown(admin: Connection, cloud: Cloud) -> None:
    admin.execute(
        b"CREATE TABLE t (id integer, label text); SELECT waybill.register_dataset('t');"
        b"CREATE TABLE other (n integer); SELECT waybill.register_dataset('other')"
    )
    rules = """{"rename": {"Nummer": "id"}, "lower": ["label"], "drop_duplicates": ["id"],
        "filter": [{"column": "label", "not_in": ["skip"]}]}"""
    admin.execute(SOURCE.format(dataset="t", rules=rules).encode())
    text = "Nummer,label\n1,ABC\n2,SKIP\n1,z\n"
    shown = preview(admin, cloud, "t", text, query="?source=lab")
    assert [(one["outcome"], one["rule"]) for one in shown["records"]] == [
        ("loaded", None), ("filtered", "filter"), ("filtered", "drop_duplicates"),
    ]  # fmt: skip
    assert shown["records"][0]["after"] == {"id": 1, "label": "abc"}
    admin.execute(
        "SELECT waybill.start_source_run(source_id, uuidv7(), now() + interval '1 h')"
        " FROM waybill.data_sources"
    )
    land(cloud, "t", "sources/lab/lab.csv", text.encode())
    settle(cloud)
    assert admin.execute("SELECT id, label FROM t").fetchall() == [(1, "abc")]


REFUSED = [
    ("t", "lab", ADMIN, '"status":404', "unknown-source"),
    ("t", "none", ADMIN, '"status":404', "unknown-source"),
    ("other", "lab", LOADER, '"status":403', "forbidden"),
    ("t", "x" * 64, ADMIN, '"status":422', "invalid-request"),
    ("t", "lab%27%3BDROP", ADMIN, '"status":404', "unknown-source"),
]


def test_a_source_that_there_is_not_for_the_caller_is_refused(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(
        b"CREATE TABLE t (id integer); SELECT waybill.register_dataset('t');"
        b"CREATE TABLE other (id integer); SELECT waybill.register_dataset('other')"
    )
    admin.execute(SOURCE.format(dataset="other", rules="{}").encode())
    for dataset, source, caller, status, code in REFUSED:
        with pytest.raises(AssertionError, match=status) as caught:
            preview(admin, cloud, dataset, "id\n1\n", caller=caller, query=f"?source={source}")
        assert code in str(caught.value)
