"""Empty partitions are filled in copies that take their places, and end as any other way ends."""

from typing import Any

import pytest

from tests.sql.empty_partitions import COLUMNS, add_year, declare, load, oids, rows, year_of
from tests.sql.staging import Ledger

FIRST = [(1, "2019-03-01", 1, "a"), (2, "2019-04-01", 2, "b"), (3, "2019-05-01", 3, "c")]
# Changed, moved to an empty year, unchanged; refused, pending; then whole years.
SECOND = [
    (1, "2019-03-01", 2, "changed"),
    (2, "2022-04-01", 2, "b"),
    (3, "2019-05-01", 3, "c"),
    (4, "2020-01-01", 1, ""),
    (5, "2021-01-01", 99, "waits"),
    (6, "2020-01-01", None, "first day"),
    (7, "2020-12-31", 0, None),
    (6, "2020-01-01", 4, "the later line"),
    *year_of(2020, first=100),
    *year_of(2021, first=200),
    *year_of(2022, first=300),
    *year_of(2023, first=400),
]


def _result(ledger: Ledger, table: str, kind: str) -> dict[str, Any]:
    midnight = "T00:00:00Z" if kind == "timestamptz" else ""
    jobs = [
        load(ledger, table, place, [(n, at + midnight, *rest) for n, at, *rest in records])
        for place, records in enumerate((FIRST, SECOND))
    ]
    return {
        "rows": rows(ledger, table),
        "waybills": [ledger.waybill(job) for job in jobs],
        "rejects": [ledger.rejects(job) for job in jobs],
        "pending": ledger.rows(
            "SELECT line FROM waybill.pending_references WHERE job_id = ANY (%s)", jobs
        ),
        "stale": ledger.rows(
            "SELECT DISTINCT part FROM waybill.stale_parts WHERE dataset = %s ORDER BY 1", table
        ),
        "by row": [ledger.row_by_row(job) for job in jobs],
    }


@pytest.mark.parametrize("sums_up", [False, True])
@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_every_way_has_the_same_result(ledger: Ledger, kind: str, sums_up: bool) -> None:
    ledger.sums_up = sums_up
    results = {}
    for table in ("gauges", "missing", "commented"):
        declare(ledger, table, kind)
        for year in (2020, 2021, 2022) if table != "missing" else ():
            add_year(ledger, table, year)
            if table == "commented":
                ledger.declare(f"COMMENT ON TABLE {table}_{year} IS 'mine'")
        before = oids(ledger, table)
        results[table] = _result(ledger, table, kind)
        after = oids(ledger, table)
        kept = {name for name in before if after[name] == before[name]}
        # A row was moved to 2022.
        assert kept == ({"gauges_2022"} if table == "gauges" else set(before))
        assert len(after) == 5
    assert results["gauges"]["waybills"][1] == {
        "read": 168, "inserted": 162, "updated": 2, "unchanged": 1, "superseded": 1,
        "rejected": 1, "pending_reference": 1,
    }  # fmt: skip
    assert results["gauges"] == results["missing"] == results["commented"]


DEFINITION = """
SELECT 'table', c.relname::text, c.relacl::text, c.relowner::text,
    pg_get_expr(c.relpartbound, c.oid)
FROM pg_class AS c WHERE c.relname = 'far away'
UNION ALL
SELECT 'column', a.attname, format_type(a.atttypid, a.atttypmod), a.attnum::text,
    ROW(a.attislocal, a.attinhcount, a.attnotnull)::text
FROM pg_attribute AS a WHERE a.attrelid = '"far away"'::regclass AND a.attnum > 0
UNION ALL
SELECT 'constraint', c.conname, pg_get_constraintdef(c.oid), c.conparentid::text,
    ROW(c.conislocal, c.coninhcount, c.convalidated)::text
FROM pg_constraint AS c WHERE c.conrelid = '"far away"'::regclass
UNION ALL
SELECT 'index', x.indexrelid::regclass::text, pg_get_indexdef(x.indexrelid),
    i.inhparent::regclass::text, x.indisprimary::text
FROM pg_index AS x JOIN pg_inherits AS i ON i.inhrelid = x.indexrelid
WHERE x.indrelid = '"far away"'::regclass
UNION ALL
SELECT 'trigger', t.tgfoid::regproc::text, t.tgparentid::text, t.tgenabled::text, t.tgtype::text
FROM pg_trigger AS t WHERE t.tgrelid = ANY (ARRAY['"far away"', 'kinds']::regclass[])
ORDER BY 1, 2, 3, 4, 5
"""


def test_the_partition_looks_as_before(ledger: Ledger) -> None:
    declare(ledger, "gauges", "timestamptz")
    ledger.declare(
        "ALTER TABLE gauges DROP CONSTRAINT gauges_pkey;"
        "ALTER TABLE gauges ADD PRIMARY KEY (id, at) WITH (fillfactor = 70);"
        "ALTER TABLE gauges ADD UNIQUE (at, id) WITH (deduplicate_items = off, fillfactor = 80);"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO waybill_jobs;"
        # Two years, which Waybill would not make.
        "CREATE TABLE \"far away\" PARTITION OF gauges FOR VALUES FROM ('2020-01-01+00')"
        " TO ('2022-01-01+00');"
        'ALTER INDEX "far away_pkey" RENAME TO "the key";'
        'ALTER INDEX "far away_kind_at_idx" RENAME TO gauges_2020_kind_idx'
    )
    before, was = ledger.rows(DEFINITION), ledger.rows("SELECT '\"far away\"'::regclass::oid")
    load(ledger, "gauges", 1, year_of(2021) + year_of(2020, first=100))
    assert ledger.rows("SELECT '\"far away\"'::regclass::oid") != was
    assert ledger.rows(DEFINITION) == before
    assert ledger.rows('SELECT count(*) FROM ONLY "far away"') == [(80,)]
    # It takes rows as the other does, and refuses them.
    job = load(ledger, "gauges", 2, [(1, "2021-07-01", 99, "x"), (900, "2021-07-01", 1, "y")])
    assert ledger.waybill(job) == {"read": 2, "inserted": 1, "pending_reference": 1}


OWN = {
    "comment": "COMMENT ON TABLE gauges_2020 IS 'mine'",
    "comment on a column": "COMMENT ON COLUMN gauges_2020.note IS 'mine'",
    "comment on an index": "COMMENT ON INDEX gauges_2020_pkey IS 'mine'",
    "grant": "GRANT SELECT ON gauges_2020 TO waybill_jobs",
    "grant on a column": "GRANT SELECT (note) ON gauges_2020 TO waybill_jobs",
    "option": "ALTER TABLE gauges_2020 SET (fillfactor = 70)",
    "option of TOAST": "ALTER TABLE gauges_2020 SET (toast.autovacuum_enabled = false)",
    "option of an index": "ALTER INDEX gauges_2020_pkey SET (fillfactor = 70)",
    "index": "CREATE INDEX ON gauges_2020 (note)",
    "check": "ALTER TABLE gauges_2020 ADD CHECK (id > -1)",
    "not null": "ALTER TABLE gauges_2020 ALTER note SET NOT NULL",
    "not null of both": "ALTER TABLE gauges_2020 ALTER at SET NOT NULL",
    "schema": "DROP TABLE gauges_2020; CREATE TABLE waybill.its PARTITION OF gauges"
    " FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "grant on its type": "REVOKE USAGE ON TYPE gauges_2020 FROM PUBLIC",
    "extension": "ALTER INDEX gauges_2020_pkey DEPENDS ON EXTENSION plpgsql",
    "unique": "ALTER TABLE gauges_2020 ADD UNIQUE (note)",
    "reference": "ALTER TABLE gauges_2020 ADD FOREIGN KEY (id) REFERENCES kinds NOT VALID",
    "reference in full": "ALTER TABLE gauges ADD FOREIGN KEY (kind) REFERENCES kinds MATCH FULL",
    "reference that is deferred": "ALTER TABLE gauges ADD FOREIGN KEY (kind) REFERENCES kinds"
    " DEFERRABLE INITIALLY DEFERRED",
    "reference to it": "CREATE TABLE others (id int, at date,"
    " FOREIGN KEY (id, at) REFERENCES gauges_2020 (id, at))",
    "reference to its table": "CREATE TABLE others (id int, at date,"
    " FOREIGN KEY (id, at) REFERENCES gauges (id, at))",
    "default": "ALTER TABLE gauges_2020 ALTER note SET DEFAULT 'mine'",
    "statistics target": "ALTER TABLE gauges_2020 ALTER note SET STATISTICS 500",
    "statistics": "CREATE STATISTICS ON id, kind FROM gauges_2020",
    "storage": "ALTER TABLE gauges_2020 ALTER note SET STORAGE external",
    "policy": "CREATE POLICY p ON gauges_2020 USING (true)",
    "row security": "ALTER TABLE gauges_2020 ENABLE ROW LEVEL SECURITY",
    "rule": "CREATE RULE r AS ON UPDATE TO gauges_2020 DO ALSO NOTHING",
    "rule of its table": "CREATE RULE r AS ON INSERT TO gauges DO ALSO NOTHING",
    "row security of its table": "ALTER TABLE gauges ENABLE ROW LEVEL SECURITY",
    "view": "CREATE VIEW v AS SELECT id FROM gauges_2020",
    "function": "CREATE FUNCTION f() RETURNS bigint"
    " BEGIN ATOMIC SELECT count(*) FROM gauges_2020; END",
    "column of its type": "CREATE TABLE others (one gauges_2020)",
    "sequence": "CREATE SEQUENCE s OWNED BY gauges_2020.id",
    "identity of its rows": "ALTER TABLE gauges_2020 REPLICA IDENTITY FULL",
    "clustered": "ALTER TABLE gauges_2020 CLUSTER ON gauges_2020_pkey",
    "trigger": "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TRIGGER t BEFORE UPDATE ON gauges_2020 FOR EACH ROW EXECUTE FUNCTION t()",
    "trigger of its table": "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER t AFTER INSERT ON gauges"
    " FOR EACH STATEMENT EXECUTE FUNCTION t()",
    "default partition": "CREATE TABLE gauges_rest PARTITION OF gauges DEFAULT",
    "partitions": "DROP TABLE gauges_2020; CREATE TABLE gauges_2020 PARTITION OF gauges"
    " FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY RANGE (id);"
    "CREATE TABLE gauges_2020_a PARTITION OF gauges_2020 FOR VALUES FROM (0) TO (1000)",
    "order of columns": "DROP TABLE gauges_2020; CREATE TABLE gauges_2020 (_landed bigint NOT NULL"
    " DEFAULT 0, at date NOT NULL, id int NOT NULL, note text CONSTRAINT gauges_note_check"
    " CHECK (note <> ''), kind int, twice int GENERATED ALWAYS AS (id * 2) STORED);"
    "ALTER TABLE gauges ATTACH PARTITION gauges_2020"
    " FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "part of a unit": "DROP TABLE gauges_2020; CREATE TABLE gauges_2020 PARTITION OF gauges"
    " FOR VALUES FROM ('2019-07-01') TO ('2021-01-01')",
    "lake": "INSERT INTO waybill.archived_partitions (dataset, label, unit, lower, upper, folder,"
    " columns) VALUES ('gauges', '2020', 'year', '2020-01-01', '2021-01-01', 'f', '[]')",
    "fold": "INSERT INTO waybill.folds (dataset, lower, upper, definition)"
    " VALUES ('gauges', '2020-01-01', '2021-01-01', '')",
}


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_a_partition_with_something_of_its_own_stays(ledger: Ledger, own: str) -> None:
    declare(ledger, "gauges")
    add_year(ledger, "gauges", 2020)
    ledger.declare(own)
    before = oids(ledger, "gauges")
    records = [(n, at, kind, note) for n, at, kind, note in year_of(2020, 5)]
    job = load(ledger, "gauges", 1, records)
    assert ledger.waybill(job) == {"read": 5, "inserted": 5}
    assert [(n, str(at), kind, note) for n, at, kind, note, _ in rows(ledger, "gauges")] == records
    assert oids(ledger, "gauges") == before


def test_a_publication_keeps_its_partition(ledger: Ledger) -> None:
    declare(ledger, "gauges")
    add_year(ledger, "gauges", 2020)
    ledger.admin.execute("CREATE PUBLICATION p FOR TABLE gauges_2020")
    before = oids(ledger, "gauges")
    load(ledger, "gauges", 1, year_of(2020, 5))
    assert oids(ledger, "gauges") == before


def test_where_no_table_can_be_made_the_partition_is_filled(ledger: Ledger) -> None:
    ledger.admin.execute("CREATE SCHEMA theirs AUTHORIZATION waybill_owner")
    declare(ledger, "gauges")
    add_year(ledger, "gauges", 2020)
    ledger.declare(
        "ALTER TABLE gauges SET SCHEMA theirs; ALTER TABLE gauges_2020 SET SCHEMA theirs;"
        "REVOKE CREATE ON SCHEMA theirs FROM waybill_owner"
    )
    before = oids(ledger, "theirs.gauges")
    job = load(ledger, "gauges", 1, year_of(2020))
    assert ledger.waybill(job) == {"read": 40, "inserted": 40}
    assert oids(ledger, "theirs.gauges") == before


def test_few_records_are_written_row_by_row(ledger: Ledger) -> None:
    declare(ledger, "gauges")
    ledger.declare(
        "CREATE OR REPLACE FUNCTION waybill.fewest_copied_records() RETURNS bigint"
        " LANGUAGE sql IMMUTABLE RETURN 41"
    )
    for year in (2020, 2021):
        add_year(ledger, "gauges", year)
    before = oids(ledger, "gauges")
    load(ledger, "gauges", 1, year_of(2020))
    assert oids(ledger, "gauges") == before
    # Those of the partition that is not empty do not count.
    load(ledger, "gauges", 2, year_of(2020, first=1000) + year_of(2021, first=2000))
    assert oids(ledger, "gauges") == before


def test_a_partition_by_month_and_one_of_history(ledger: Ledger) -> None:
    declare(ledger, "gauges", unit="month", more=", history_unit => 'year'")
    add_year(ledger, "gauges", 2020)
    ledger.declare(
        "CREATE TABLE gauges_m PARTITION OF gauges FOR VALUES FROM ('2021-03-01') TO ('2021-04-01')"
    )
    before = oids(ledger, "gauges")
    load(ledger, "gauges", 1, year_of(2020) + year_of(2021, first=100))
    after = oids(ledger, "gauges")
    assert [name for name in before if after[name] == before[name]] == []
    # The months of 2021 that were missing.
    assert len(after) == 2 + 11
    assert ledger.rows("SELECT count(*) FROM gauges_2020") == [(40,)]
    assert ledger.rows("SELECT count(*) FROM gauges_m") == [(3,)]


def test_a_refused_set_is_written_row_by_row(ledger: Ledger) -> None:
    declare(ledger, "gauges")
    ledger.declare("ALTER TABLE gauges ADD EXCLUDE (at WITH =, note WITH =)")
    add_year(ledger, "gauges", 2020)
    before = oids(ledger, "gauges")
    job = load(ledger, "gauges", 1, [*year_of(2020), (900, "2020-01-02", 1, "n0")])
    assert ledger.row_by_row(job)
    assert ledger.waybill(job) == {"read": 41, "inserted": 40, "rejected": 1}
    assert oids(ledger, "gauges") == before


@pytest.mark.parametrize("undone", ["dry run", "rejects"])
def test_a_merge_that_is_undone_leaves_the_partition(ledger: Ledger, undone: str) -> None:
    declare(ledger, "gauges", more=", max_rejects => 0" if undone == "rejects" else "")
    add_year(ledger, "gauges", 2020)
    before = oids(ledger, "gauges")
    job = ledger.land("gauges", 1)
    if undone == "dry run":
        ledger.admin.execute(
            "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = %s",
            (job,),
        )
    ledger.stage(job, "gauges", [*year_of(2020), (900, "2020-01-01", 1, "")], columns=COLUMNS)
    ledger.merge(job)
    if undone == "dry run":
        assert ledger.waybill(job) == {"read": 41, "inserted": 40, "rejected": 1}
    else:
        assert ledger.state(job) == "FAILED"
    assert rows(ledger, "gauges") == []
    assert oids(ledger, "gauges") == before
    # No page either: the load itself may take the same way.
    load(ledger, "gauges", 2, year_of(2020))
    assert oids(ledger, "gauges") != before


def test_a_partition_with_few_of_the_records_is_filled_through_its_indexes(ledger: Ledger) -> None:
    declare(ledger, "gauges")
    ledger.declare(
        "CREATE OR REPLACE FUNCTION waybill.fewest_copied_records() RETURNS bigint"
        " LANGUAGE sql IMMUTABLE RETURN 50"
    )
    for year in (2020, 2021):
        add_year(ledger, "gauges", year)
    before = oids(ledger, "gauges")
    load(ledger, "gauges", 1, year_of(2020, 50) + year_of(2021, 19, first=100))
    after = oids(ledger, "gauges")
    assert [name for name in before if after[name] != before[name]] == ["gauges_2020"]
    assert ledger.rows("SELECT count(*) FROM gauges") == [(69,)]
