"""A connection keeps the plans of small batches; its batches end as those of a new one."""

from typing import Any

import pytest
from psycopg import errors

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from waybill.database.errors import translating_db_errors
from waybill.errors import Rejected

Row = dict[str, str | None]
_VISITS = """
CREATE TABLE visits (id integer NOT NULL, at timestamptz NOT NULL, who text,
    room integer REFERENCES rooms, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX visits_room ON visits (room);
SELECT waybill.register_dataset('visits', natural_key => '{id}', partition_unit => 'year')
"""


@pytest.fixture
def visits(ledger: Ledger) -> Ledger:
    ledger.declare(
        "CREATE TABLE rooms (id integer PRIMARY KEY); SELECT waybill.register_dataset('rooms')"
    )
    ledger.declare(_VISITS)
    ledger.load("rooms", 0, [(1,), (2,)])
    return ledger


def _row(number: int, who: str | None = "a", year: int = 2021, **more: str | None) -> Row:
    return {"id": str(number), "at": f"{year}-05-03T10:00:00Z", "who": who, "room": "1", **more}


def _counts(ledger: Ledger, rows: list[Row], dataset: str = "visits") -> tuple[int, int, int]:
    """Inserted, updated and unchanged rows of a batch on the connection that is kept."""
    waybill = batch(ledger, dataset, rows, kept=ledger.api)[1]["waybill"]
    return waybill["inserted"], waybill["updated"], waybill["unchanged"]


def _kept(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Name, generic and custom plans of the statements that the connection keeps."""
    return ledger.api.execute(
        "SELECT name, generic_plans, custom_plans FROM pg_prepared_statements"
        " WHERE name LIKE 'waybill %' ORDER BY prepare_time"
    ).fetchall()


def test_the_statements_of_a_small_batch_are_planned_once(visits: Ledger) -> None:
    for number in (1, 2, 3):
        assert _counts(visits, [_row(number)]) == (1, 0, 0)
    # What classifies, and what inserts.
    assert [plans for _, *plans in _kept(visits)] == [[3, 0], [3, 0]]
    assert _counts(visits, [_row(1), _row(2, "b"), _row(4)]) == (1, 1, 1)


def test_a_larger_batch_is_planned_for_its_rows(visits: Ledger) -> None:
    assert _counts(visits, [_row(number) for number in range(60)]) == (60, 0, 0)
    assert _kept(visits) == []


_CHANGES = {
    "a column is added": "ALTER TABLE visits ADD COLUMN floor integer",
    "a column has another type": "ALTER TABLE visits ALTER COLUMN who TYPE varchar(1)",
    "a column has a default": "ALTER TABLE visits ALTER COLUMN room SET DEFAULT 2",
    "an index is dropped": "DROP INDEX visits_room",
    "the key has another index": "ALTER TABLE visits DROP CONSTRAINT visits_pkey;"
    " ALTER TABLE visits ADD PRIMARY KEY (at, id)",
    "a partition is there": "CREATE TABLE visits_2030 PARTITION OF visits"
    " FOR VALUES FROM ('2030-01-01Z') TO ('2031-01-01Z')",
    "a reference is dropped": "ALTER TABLE visits DROP CONSTRAINT visits_room_fkey",
    "it is registered anew": "SELECT waybill.register_dataset('visits',"
    " natural_key => '{id}', partition_unit => 'year', null_words => '{-}')",
    "it may refuse records": "ALTER TABLE visits ADD CHECK (id > 0)",
    "its statistics are new": "ANALYZE visits",
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_what_changes_between_two_batches_is_seen(visits: Ledger, change: str) -> None:
    for number in (1, 2):
        _counts(visits, [_row(number), _row(number, year=2020) | {"id": f"{number}0"}])
    visits.declare(change)
    more: Row = {"floor": "3"} if "floor" in change else {}
    rows = [_row(1, "z") | more, _row(2) | more, _row(3, year=2030) | more]
    expected = (1, 2, 0) if more else (1, 1, 1)
    assert _counts(visits, rows) == expected
    assert _counts(visits, rows) == (0, 0, 3)
    assert visits.rows("SELECT id, who, extract(year FROM at)::int FROM visits ORDER BY id") == [
        *((1, "z", 2021), (2, "a", 2021), (3, "a", 2030), (10, "a", 2020), (20, "a", 2020))
    ]


def test_a_table_that_is_made_again_is_the_one_written_to(visits: Ledger) -> None:
    for number in (1, 2):
        _counts(visits, [_row(number)])
    visits.declare(f"DROP TABLE visits; {_VISITS}")
    assert [_counts(visits, [_row(1)]) for _ in range(2)] == [(1, 0, 0), (0, 0, 1)]
    assert visits.rows("SELECT id FROM visits") == [(1,)]


def test_a_parent_that_is_missing_is_refused_also_by_a_kept_statement(visits: Ledger) -> None:
    for number in (1, 2):
        _counts(visits, [_row(number)])
    with pytest.raises(Rejected), translating_db_errors():
        _counts(visits, [_row(3) | {"room": "9"}])
    visits.load("rooms", 1, [(9,)])
    assert _counts(visits, [_row(3) | {"room": "9"}]) == (1, 0, 0)


def test_another_statement_under_its_name_is_never_run(visits: Ledger) -> None:
    # It would run with the rights of the owner.
    _counts(visits, [_row(1)])
    _counts(visits, [_row(2)])
    for (name, *_), types in zip(_kept(visits), ("", "bigint[], "), strict=True):
        visits.api.execute(f'DEALLOCATE "{name}"'.encode())
        visits.api.execute(
            f'PREPARE "{name}" (jsonb, {types}bigint) AS'
            " SELECT set_config('attack.rights', current_user, false)".encode()
        )
    assert _counts(visits, [_row(3)]) == (1, 0, 0)
    rights = "SELECT current_setting('attack.rights', true)"
    assert visits.api.execute(rights.encode()).fetchone() == (None,)


def test_a_type_of_another_schema_is_never_used(visits: Ledger) -> None:
    # A statement's parameters keep their types, whatever the search path is when it is run.
    _counts(visits, [_row(1)])
    statements = "SELECT name, statement FROM pg_prepared_statements WHERE name LIKE 'waybill %'"
    kept = visits.api.execute(statements.encode()).fetchall()
    visits.api.execute(
        b"CREATE FUNCTION pg_temp.seen(pg_catalog.jsonb) RETURNS boolean LANGUAGE plpgsql AS"
        b" $$ BEGIN PERFORM set_config('attack.rights', current_user, false); RETURN true; END $$;"
        b"CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (pg_temp.seen(VALUE));"
        b"SET search_path = pg_temp, pg_catalog"
    )
    for name, statement in kept:
        visits.api.execute(f'DEALLOCATE "{name}"; {statement}'.encode())
    visits.api.execute(b"RESET search_path")
    assert _counts(visits, [_row(2)]) == (1, 0, 0)
    rights = "SELECT current_setting('attack.rights', true)"
    assert visits.api.execute(rights.encode()).fetchone() == (None,)


def test_a_connection_keeps_a_bounded_number(ledger: Ledger) -> None:
    names = [f"c{number}" for number in range(6)]
    columns = "".join(f", {name} text" for name in names)
    ledger.declare(
        f"CREATE TABLE wide (id integer PRIMARY KEY{columns});"
        "SELECT waybill.register_dataset('wide', natural_key => '{id}')"
    )
    for fields in range(64):
        row: Row = {"id": "1"}
        row |= {name: "x" for place, name in enumerate(names) if fields >> place & 1}
        assert sum(_counts(ledger, [row], "wide")) == 1
    assert len(_kept(ledger)) == 50


_UNSEEN = {
    "a key of two texts": (
        "CREATE TABLE unseen (a text, b text, v numeric(5, 2), PRIMARY KEY (a, b))",
        "natural_key => '{a,b}'",
        {"a": "x\\'\"%s $1", "b": "é {}", "v": "1.50"},
    ),
    "no key": ("CREATE TABLE unseen (a text, v integer)", "", {"a": "x", "v": "1"}),
    "a reference to itself": (
        "CREATE TABLE unseen (a integer PRIMARY KEY, v integer REFERENCES unseen)",
        "natural_key => '{a}'",
        {"a": "1", "v": "1"},
    ),
    "a generated column": (
        "CREATE TABLE unseen (a integer PRIMARY KEY, v integer,"
        " w integer GENERATED ALWAYS AS (v * 2) STORED)",
        "natural_key => '{a}'",
        {"a": "1", "v": "1"},
    ),
    "odd names": (
        'CREATE TABLE unseen ("select" uuid PRIMARY KEY, "v %I $1""" jsonb, "É" date[])',
        "natural_key => '{select}'",
        {
            "select": "6f0b8d4e-8f5e-4a53-9f3e-0d1f6d0c7a11",
            'v %I $1"': '{"a": "\\\\"}',
            "É": "{2021-01-01}",
        },
    ),
}


@pytest.mark.parametrize(("table", "key", "row"), _UNSEEN.values(), ids=_UNSEEN)
def test_tables_of_all_kinds(ledger: Ledger, table: str, key: str, row: Row) -> None:
    ledger.declare(f"{table}; SELECT waybill.register_dataset('unseen'{key and ', ' + key})")
    changed = row | ({"v": None} if "v" in row else {})
    found = [_counts(ledger, [each], "unseen") for each in (row, row, changed, row)]
    if not key:
        assert found == [(1, 0, 0)] * 4
    elif changed == row:
        assert found == [(1, 0, 0), *[(0, 0, 1)] * 3]
    else:
        assert found == [(1, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 0)]


def test_the_context_of_an_error_has_no_value(visits: Ledger) -> None:
    # The server logs it with the error, and before, if a lock is waited for.
    _counts(visits, [_row(1)])
    with visits.database.connect(autocommit=False) as other:
        other.execute(b"SELECT FROM rooms FOR UPDATE")
        with pytest.raises(errors.LockNotAvailable) as caught:
            _counts(visits, [_row(1, "Zephyrine")])
    assert "classify_kept" in str(caught.value.diag.context)
    assert "Zephyrine" not in str(caught.value)


def test_the_rules_of_a_table_are_followed(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE notes (id integer); CREATE TABLE noted (id integer PRIMARY KEY, v integer);"
        "CREATE RULE note AS ON INSERT TO noted DO ALSO INSERT INTO notes VALUES (new.id);"
        "SELECT waybill.register_dataset('noted')"
    )
    assert _counts(ledger, [{"id": "1", "v": "1"}], "noted") == (1, 0, 0)
    assert _counts(ledger, [{"id": "1", "v": "2"}], "noted") == (0, 1, 0)
    assert ledger.rows("SELECT id, v FROM noted") == [(1, 2)]
    assert ledger.rows("SELECT id FROM notes") == [(1,)]
