"""Partitions of a past period become one with all that holds in the table."""

import psycopg
import pytest

from tests.sql.folding import (
    COPIES,
    MONTHS,
    MOST_STEPS,
    ROWS,
    TABLE,
    YEARS,
    fold,
    load,
    monthly,
    partitions,
    records,
    step,
    until,
)
from tests.sql.staging import Ledger


@pytest.fixture
def visits(ledger: Ledger) -> Ledger:
    return monthly(ledger)


def test_twelve_months_become_a_year_with_the_same_rows(visits: Ledger) -> None:
    before = visits.rows(ROWS)
    assert len(partitions(visits)) == 12
    assert fold(visits) == ["begun", *["copied"] * 12, "indexed", "indexed", "analysed", "folded"]
    assert partitions(visits) == ["visits_2021"]
    assert visits.rows(ROWS) == before
    assert visits.rows("SELECT * FROM waybill.folds") == []
    assert visits.rows(COPIES) == []
    ((statistics,),) = visits.rows("SELECT count(*) FROM pg_stats WHERE tablename = 'visits_2021'")
    assert statistics == 6


def test_what_holds_in_the_table_holds_in_the_year(visits: Ledger) -> None:
    fold(visits)
    indexes = visits.rows(
        "SELECT count(*) FROM pg_index AS i JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid"
        " WHERE i.indrelid = 'visits_2021'::regclass AND i.indisvalid"
    )
    assert indexes == [(2,)]
    references = visits.rows(
        "SELECT convalidated, conparentid <> 0 FROM pg_constraint"
        " WHERE conrelid = 'visits_2021'::regclass AND contype = 'f'"
    )
    assert references == [(True, True)]
    checks = visits.rows(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'visits_2021'::regclass AND contype = 'c'"
    )
    assert checks == [("CHECK ((note <> ''::text))",)]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        visits.admin.execute("DELETE FROM kinds WHERE id = 1")


def test_files_of_a_folded_year_are_loaded_into_it(visits: Ledger) -> None:
    fold(visits)
    load(visits, 10, [*records(590, 20, "new"), *records(5, 1)])
    assert partitions(visits) == ["visits_2021"]
    assert visits.rows(
        "SELECT count(*), count(*) FILTER (WHERE starts_with(note, 'new')) FROM visits"
    ) == [(610, 20)]


def test_history_gets_partitions_of_a_year_at_once(ledger: Ledger) -> None:
    ledger.declare(TABLE)
    rows = [(n, f"20{17 + n % 4}-{1 + n % 12:02}-03", n % 5, "n") for n in range(100)]
    load(ledger, 0, rows)
    assert partitions(ledger) == [f"visits_20{year}" for year in (17, 18, 19, 20)]
    # Row by row, into partitions that are attached while they are empty.
    ledger.declare(
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER seen BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION nothing()"
    )
    load(ledger, 1, [(n, f"2012-{1 + n % 12:02}-03", n % 5, "n") for n in range(100, 200)])
    assert "visits_2012" in partitions(ledger)
    assert ledger.rows("SELECT count(*) FROM visits") == [(200,)]


def test_months_are_added_to_a_year_that_has_some(ledger: Ledger) -> None:
    ledger.declare(TABLE + MONTHS)
    load(ledger, 0, [(1, "2021-03-01", 1, "n")])
    ledger.admin.execute(YEARS)
    load(ledger, 1, [(2, "2021-05-01", 1, "n"), (3, "2020-05-01", 1, "n")])
    assert partitions(ledger) == ["visits_2020", "visits_2021_03", "visits_2021_05"]
    fold(ledger)
    assert partitions(ledger) == ["visits_2020", "visits_2021"]
    assert ledger.rows("SELECT id FROM visits ORDER BY 1") == [(1,), (2,), (3,)]


def test_the_current_year_stays_as_it_is(ledger: Ledger) -> None:
    ledger.declare(TABLE)
    ledger.admin.execute("SELECT waybill.premake_partitions()")
    assert fold(ledger) == []


def test_a_table_that_changes_is_copied_anew(visits: Ledger) -> None:
    until(visits, "analysed")
    visits.declare("ALTER TABLE visits ADD COLUMN more int")
    assert step(visits) == "given_up"
    assert fold(visits) == []
    visits.admin.execute("UPDATE waybill.folds SET given_up_at = '2020-01-01'")
    fold(visits)
    assert partitions(visits) == ["visits_2021"]


def test_partitions_that_change_again_and_again_are_left(visits: Ledger) -> None:
    done: list[str | None] = []
    while "given_up" not in done:
        visits.declare("UPDATE visits SET note = note || 'x' WHERE id = 1")
        done.append(step(visits))
        assert len(done) < MOST_STEPS
    assert len(partitions(visits)) == 12
    assert visits.rows("SELECT count(*) FROM waybill.fold_parts") == [(0,)]


def test_a_table_that_others_refer_to_is_left(visits: Ledger) -> None:
    visits.declare(
        "CREATE TABLE bills (id int, visit int, day date,"
        " FOREIGN KEY (visit, day) REFERENCES visits (id, day))"
    )
    assert fold(visits) == []
    with pytest.raises(psycopg.DatabaseError, match="other tables refer to the table"):
        visits.declare(
            "SELECT waybill.register_dataset('visits', natural_key => '{id}',"
            " partition_unit => 'month', history_unit => 'year')"
        )


def test_a_partition_that_a_view_reads_is_left(visits: Ledger) -> None:
    visits.declare("CREATE VIEW april AS SELECT * FROM visits_2021_04")
    assert fold(visits) == []


def test_days_of_past_months_become_months(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE visits (id int, day timestamptz, PRIMARY KEY (id, day))"
        " PARTITION BY RANGE (day);"
        "SELECT waybill.register_dataset('visits', natural_key => '{id}', partition_unit => 'day')"
    )
    job = ledger.land("visits", 0)
    ledger.stage(job, "visits", [(n, f"2021-0{3 + n % 2}-{1 + n % 28:02}T23:59:59Z")
                                 for n in range(90)])  # fmt: skip
    ledger.merge(job)
    ledger.admin.execute("UPDATE waybill.datasets SET history_unit = 'month' WHERE name = 'visits'")
    before = ledger.rows(ROWS)
    assert fold(ledger).count("folded") == 2
    assert partitions(ledger) == ["visits_2021_03", "visits_2021_04"]
    assert ledger.rows(ROWS) == before


def test_a_duplicate_is_one_after_the_fold_too(visits: Ledger) -> None:
    before = visits.rows("SELECT dataset, job_id FROM waybill.current_contents")
    fold(visits)
    assert visits.rows("SELECT dataset, job_id FROM waybill.current_contents") == before
    ((is_current,),) = visits.rows(
        "SELECT bool_and(c.filenodes <@ waybill.filenodes_of('visits'::regclass))"
        " FROM waybill.current_contents AS c WHERE c.dataset = 'visits'"
    )
    assert is_current in (True, None)


def test_an_erasure_leaves_no_copy(visits: Ledger) -> None:
    visits.admin.execute("UPDATE waybill.datasets SET personal = '{note}' WHERE name = 'visits'")
    until(visits, "indexed")
    visits.admin.execute("SELECT waybill.erase_person('visits', '[7]')")
    assert visits.rows(COPIES) == []
    fold(visits)
    assert visits.rows("SELECT count(*) FROM visits") == [(599,)]


@pytest.mark.parametrize(
    ("unit", "history"), [("month", "month"), ("year", "year"), ("year", "month")]
)
def test_the_unit_of_history_is_longer(ledger: Ledger, unit: str, history: str) -> None:
    with pytest.raises(psycopg.DatabaseError, match="history_unit: must be longer"):
        ledger.declare(
            "CREATE TABLE v (id int, day date) PARTITION BY RANGE (day);"
            f"SELECT waybill.register_dataset('v', partition_unit => '{unit}',"
            f" history_unit => '{history}')"
        )
