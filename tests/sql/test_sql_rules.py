"""Conditions in SQL, duplicates and look-ups: checked when declared, applied in the merge."""

import json
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from waybill.ids import new_id

TABLES = """
CREATE TYPE hull AS ENUM ('wood', 'steel');
CREATE TABLE flags (code text PRIMARY KEY, country varchar(30), tons text, place text UNIQUE);
SELECT waybill.register_dataset('flags');
CREATE TABLE t (
    sign text PRIMARY KEY,
    flag text NOT NULL,
    hull hull,
    tons numeric(8, 2),
    crew integer,
    country varchar(30)
);
SELECT waybill.register_dataset('t');
CREATE FUNCTION always() RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
CREATE FUNCTION same(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN a = b;
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
CREATE TABLE readings (sensor text, value numeric, taken date);
SELECT waybill.register_dataset('readings', transformation => '{"drop_duplicates": ["*"]}');
"""
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"where": 1}, "where: an SQL condition is needed"),
    ({"where": "tonnes > 1"}, 'where: column "tonnes" does not exist'),
    ({"where": "tons >"}, "where: syntax error"),
    ({"where": "tons"}, "where: column .* is of type boolean but .* numeric"),
    ({"where": "sign < now()::text"}, "where: generation expression is not immutable"),
    ({"where": "random() > 0.5"}, "where: generation expression is not immutable"),
    ({"where": "EXISTS (SELECT FROM public.flags)"}, "where: cannot use subquery"),
    ({"where": "sum(tons) > 1"}, "where: aggregate functions are not allowed"),
    ({"where": "public.always()"}, "where: public.always.* is not a function or operator"),
    ({"where": "sign OPERATOR(public.===) flag"},
     "where: public.===.* is not a function or operator"),
    ({"where": "pg_sleep(9) IS NULL"}, "where: generation expression is not immutable"),
    ({"where": "set_config('role', 'x', false) = ''"}, "where: generation expression is not immut"),
    ({"where": "query_to_xml('DELETE FROM flags', true, true, '') IS NULL"},
     "where: generation expression is not immutable"),
    ({"where": "true); DROP TABLE public.flags; SELECT (true"}, "where: one expression is needed"),
    ({"where": "true) STORED; DROP TABLE public.flags; SELECT (true"},
     "where: one expression is needed"),
    ({"where": "true) STORED, ADD COLUMN x boolean DEFAULT (true"}, "where: syntax error"),
    ({"where": "true) FROM public.flags --"}, "where: syntax error"),
    ({"where": "true, false"}, "where: "),
    ({"where": ""}, "where: syntax error"),
    ({"derive": {"crew": "1"}}, "derive: declare a generated column"),
    ({"drop_duplicates": ["*"]}, "drop_duplicates: of records with one key the later one counts"),
    ({"enrich": []}, "enrich: a JSON object is needed"),
    ({"enrich": {"country": {"dataset": "flags"}}}, "enrich, country: a dataset, a column"),
    ({"enrich": {"port": {"dataset": "flags", "take": "country", "on": {"code": "flag"}}}},
     "enrich, port: this is not a column outside the key"),
    ({"enrich": {"sign": {"dataset": "flags", "take": "code", "on": {"code": "flag"}}}},
     "enrich, sign: this is not a column outside the key"),
    ({"enrich": {"country": {"dataset": "t", "take": "country", "on": {"sign": "flag"}}}},
     "there is no other dataset .t."),
    ({"enrich": {"country": {"dataset": "sea", "take": "country", "on": {"code": "flag"}}}},
     "there is no other dataset .sea."),
    ({"enrich": {"country": {"dataset": "flags", "take": "code", "on": {"code": "flag"}}}},
     "flags has no column .code. of the same type"),
    ({"enrich": {"country": {"dataset": "flags", "take": "country", "on": {"tons": "flag"}}}},
     "the columns of on do not identify a row of flags"),
    ({"enrich": {"country": {"dataset": "flags", "take": "country", "on": {"code": "crew"}}}},
     "code and crew are not of the same type"),
    ({"enrich": {"tons": {"dataset": "flags", "take": "tons", "on": {"code": "flag"}}}},
     "flags has no column .tons. of the same type"),
]  # fmt: skip
ENRICH = {"enrich": {"country": {"dataset": "flags", "take": "country", "on": {"code": "flag"}}}}


@pytest.fixture
def ships(ledger: Ledger) -> Ledger:
    ledger.declare(TABLES)
    return ledger


def declare(ledger: Ledger, rules: object) -> None:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(
        "SELECT waybill.register_dataset('t', transformation => %s)", (json.dumps(rules),)
    )
    ledger.admin.execute("RESET ROLE")


def ship(sign: str, tons: object = None, crew: object = None, flag: str = "x") -> tuple[Any, ...]:
    return (sign, flag, "wood", tons, crew)


def signs(ledger: Ledger) -> list[str]:
    return [sign for (sign,) in ledger.rows("SELECT sign FROM t ORDER BY sign")]


COLUMNS = ["sign", "flag", "hull", "tons", "crew"]


def load(ledger: Ledger, at: float, *records: tuple[Any, ...]) -> Any:
    return ledger.load("t", at, records, columns=COLUMNS)


def test_an_invalid_rule_is_refused_with_the_reason(ships: Ledger) -> None:
    ships.admin.execute("SET ROLE waybill_owner")
    for rules, reason in INVALID:
        given = (json.dumps(rules),)
        with pytest.raises(psycopg.Error, match=f"transformation of t: .*{reason}") as error:
            ships.admin.execute("SELECT waybill.register_dataset('t', transformation => %s)", given)
        assert error.value.sqlstate == "WB005", reason


def test_sql_of_a_source_is_refused(ships: Ledger) -> None:
    with pytest.raises(psycopg.Error, match="SQL is declared with the dataset"):
        ships.declare("""SELECT waybill.assert_transformation('t', '{"where": "true"}')""")


def test_a_condition_leaves_out_records_for_which_it_does_not_hold(ships: Ledger) -> None:
    declare(ships, {"where": "tons / crew > 1 AND hull <> 'steel'"})
    job = load(ships, 1, ship("a", "5.5", 2), ship("b", "1", 2), ship("c", "9"), ship("d", "3", 1))
    assert signs(ships) == ["a", "d"]
    assert ships.waybill(job) == {"read": 4, "inserted": 2, "filtered": 2}
    assert ships.rejects(job) == []


def test_a_record_whose_condition_cannot_be_computed_is_rejected(ships: Ledger) -> None:
    declare(ships, {"where": "tons / crew > 1"})
    job = load(ships, 1, ship("a", "5", 2), ship("b", "5", 0), ship("c", "1", 2))
    assert ships.waybill(job) == {"read": 3, "inserted": 1, "filtered": 1, "rejected": 1}
    assert ships.rejects(job) == [(2, "b,x,wood,5,0", ["condition_failed"])]


def test_a_filtered_line_does_not_supersede(ships: Ledger) -> None:
    declare(ships, {"where": "crew > 0"})
    job = load(ships, 1, ship("a", "1", 1), ship("a", "2", 0), ship("a", "3", -1))
    assert ships.rows("SELECT tons::text FROM t") == [("1.00",)]
    assert ships.waybill(job) == {"read": 3, "inserted": 1, "filtered": 2}


def test_a_column_that_the_file_lacks_is_null_to_a_condition(ships: Ledger) -> None:
    declare(ships, {"where": "crew IS NULL"})
    job = ships.load("t", 1, [("a", "x"), ("b", "y")], columns=["sign", "flag"])
    assert ships.waybill(job) == {"read": 2, "inserted": 2}


def test_rows_of_a_batch_meet_the_condition_too(ships: Ledger) -> None:
    declare(ships, {"where": "crew > 0"})
    rows = [
        [0, {"sign": "a", "flag": "x", "crew": "1"}, "{}"],
        [1, {"sign": "b", "flag": "x"}, "{}"],
        [2, {"sign": "c", "flag": "x", "crew": "0"}, "{}"],
    ]
    job = new_id()
    ships.api.execute("SELECT waybill.merge_batch(%s, 't', %s, 'atomic')", (job, Jsonb(rows)))
    assert signs(ships) == ["a"]
    assert ships.waybill(job) == {"read": 3, "inserted": 1, "filtered": 2}


def test_duplicates_within_a_file_are_left_out(ships: Ledger) -> None:
    records = [("s", "1.0", "2024-01-01"), ("s", "1.00", "2024-01-01"), ("s", None, None)]
    job = ships.load("readings", 1, [*records, *records, ("s", "1.0", "2024-01-02")])
    assert ships.waybill(job) == {"read": 7, "inserted": 4, "filtered": 3}
    again = ships.load("readings", 2, records[:1])
    assert ships.waybill(again) == {"read": 1, "inserted": 1}


def test_duplicates_by_some_columns_keep_the_first_line(ships: Ledger) -> None:
    ships.declare(
        "SELECT waybill.register_dataset('readings',"
        """ transformation => '{"drop_duplicates": ["sensor"]}')"""
    )
    job = ships.load("readings", 1, [("s", "1", None), ("s", "2", None), ("u", "3", None)])
    assert ships.rows("SELECT value::text FROM readings ORDER BY 1") == [("1",), ("3",)]
    assert ships.waybill(job) == {"read": 3, "inserted": 2, "filtered": 1}


def test_records_are_no_duplicates_by_columns_that_their_file_lacks(ships: Ledger) -> None:
    ships.declare(
        "SELECT waybill.register_dataset('readings',"
        """ transformation => '{"drop_duplicates": ["sensor"]}')"""
    )
    job = ships.load("readings", 1, [("1", None), ("2", None)], columns=["value", "taken"])
    assert ships.waybill(job) == {"read": 2, "inserted": 2}


def test_a_duplicate_of_a_rejected_record_stays(ships: Ledger) -> None:
    ships.declare(
        "ALTER TABLE readings ADD CHECK (value > 0);"
        "SELECT waybill.register_dataset('readings',"
        """ transformation => '{"drop_duplicates": ["sensor"]}')"""
    )
    job = ships.load("readings", 1, [("s", "-1", None), ("s", "2", None), ("s", "3", None)])
    assert ships.rows("SELECT value::text FROM readings") == [("2",)]
    assert ships.waybill(job) == {"read": 3, "inserted": 1, "filtered": 1, "rejected": 1}


def test_a_column_is_filled_from_another_dataset(ships: Ledger) -> None:
    declare(ships, ENRICH)
    assert "country" not in [column["name"] for column in ships.contract("t")["columns"]]
    ships.load("flags", 1, [("x", "Malta", "9", None), ("y", "Chile", None, None)])
    job = load(ships, 2, ship("a", flag="x"), ship("b", flag="y"), ship("c", flag="z"))
    assert ships.waybill(job) == {"read": 3, "inserted": 3}
    found = ships.rows("SELECT sign, country FROM t ORDER BY sign")
    assert found == [("a", "Malta"), ("b", "Chile"), ("c", None)]
    ships.load("flags", 3, [("x", "Gozo", None, None)])
    again = load(ships, 4, ship("a", flag="x"), ship("b", flag="y"))
    assert ships.waybill(again) == {"read": 2, "updated": 1, "unchanged": 1}


def test_a_file_waits_for_earlier_files_of_the_dataset_that_it_looks_up(ships: Ledger) -> None:
    declare(ships, ENRICH)
    first = ships.land("flags", 1)
    job = ships.land("t", 2)
    ships.stage(job, "t", [ship("a", flag="x")], columns=COLUMNS)
    assert ships.merge(job)["outcome"] == "waiting"
    ships.stage(first, "flags", [("x", "Malta", None, None)])
    assert str(job) in ships.merge(first)["unblocked"]
    ships.merge(job)
    assert ships.rows("SELECT country FROM t") == [("Malta",)]
    assert signs(ships) == ["a"]


def test_a_late_file_does_not_overwrite_a_row_whose_look_up_has_changed(ships: Ledger) -> None:
    declare(ships, ENRICH)
    ships.load("flags", 1, [("x", "Malta", None, None)])
    load(ships, 2, ship("a", 1))
    later = load(ships, 10, ship("a", 1))
    assert ships.waybill(later) == {"read": 1, "unchanged": 1}
    ships.load("flags", 11, [("x", "Gozo", None, None)])
    late = load(ships, 5, ship("a", 2))
    assert ships.waybill(late) == {"read": 1, "superseded": 1}
    assert ships.rows("SELECT tons, country FROM t") == [(1, "Malta")]


def test_a_generated_column_is_derived_and_an_error_in_it_is_a_reject(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE t (sign text PRIMARY KEY, tons integer, crew integer,"
        " each integer GENERATED ALWAYS AS (tons / crew) STORED);"
        "SELECT waybill.register_dataset('t')"
    )
    job = ledger.load("t", 1, [("a", 6, 2), ("b", 6, 0)])
    assert ledger.rows("SELECT sign, each FROM t") == [("a", 3)]
    assert ledger.rejects(job) == [(2, "b,6,0", ["refused_by_table"])]


PINGS = (
    "CREATE TABLE pings (sensor text, value int CHECK (value >= 0), note text);"
    """SELECT waybill.register_dataset('pings',"""
    """ transformation => '{"drop_duplicates": ["sensor"]}')"""
)


def test_duplicates_in_a_batch_are_found_among_rows_with_other_fields(ledger: Ledger) -> None:
    ledger.declare(PINGS)
    rows: list[dict[str, str | None]] = [
        {"sensor": "a", "note": "first"},
        {"sensor": "b", "value": "1"},
        {"sensor": "b", "note": "later"},
        {"sensor": "a"},
        {"note": "no sensor"},
        {"note": "no sensor"},
    ]
    job, _ = batch(ledger, "pings", rows)
    assert ledger.rows("SELECT sensor, value, note FROM pings ORDER BY sensor, note") == [
        ("a", None, "first"),
        ("b", 1, None),
        (None, None, "no sensor"),
        (None, None, "no sensor"),
    ]
    assert ledger.waybill(job) == {"read": 6, "inserted": 4, "filtered": 2}


def test_a_refused_row_of_a_batch_has_no_duplicates(ledger: Ledger) -> None:
    ledger.declare(PINGS)
    rows: list[dict[str, str | None]] = [
        {"sensor": "a", "value": "-1"},
        {"sensor": "a", "note": "n"},
    ]
    job, _ = batch(ledger, "pings", rows, "partial")
    assert ledger.rows("SELECT sensor, value, note FROM pings") == [("a", None, "n")]
    assert ledger.waybill(job) == {"read": 2, "inserted": 1, "rejected": 1}
