"""Records whose parent is missing are kept, and written when it arrives."""

from typing import Any

import pytest

from tests.sql.staging import Ledger

HIRES = [
    (1, "N", "2021-05-01T00:00:00Z", 1, 1),
    (2, "N", "2021-05-01T00:00:00Z", 2, 1),
    (3, "N", "2021-05-01T00:00:00Z", None, None),
]


def count(ledger: Ledger) -> int:
    ((number,),) = ledger.rows("SELECT count(*) FROM hired_employees")
    return int(number)


def test_children_that_load_first_are_completed(ledger: Ledger) -> None:
    hires = ledger.load("hired_employees", 1, HIRES)
    assert ledger.waybill(hires) == {"read": 3, "inserted": 1, "pending_reference": 2}
    departments = ledger.land("departments", 2)
    ledger.stage(departments, "departments", [(1, "Sales"), (2, "Support")])
    response = ledger.merge(departments)
    assert response["pending"] == [str(hires)]
    assert ledger.resolve(hires)["outcome"] == "ended"
    assert ledger.waybill(hires) == {"read": 3, "inserted": 1, "pending_reference": 2}
    ledger.load("jobs", 3, [(1, "Engineer")])
    assert ledger.resolve(hires)["outcome"] == "merged"
    assert ledger.waybill(hires) == {"read": 3, "inserted": 3}
    assert count(ledger) == 3


def test_a_child_waits_for_earlier_landed_parents(ledger: Ledger) -> None:
    parents = ledger.land("departments", 1)
    ledger.load("jobs", 1, [(1, "Engineer")])
    hires = ledger.land("hired_employees", 2)
    ledger.stage(hires, "hired_employees", HIRES)
    response = ledger.merge(hires)
    assert (response["outcome"], response["waiting_for"]) == ("waiting", [str(parents)])
    ledger.stage(parents, "departments", [(1, "Sales"), (2, "Support")])
    assert ledger.merge(parents)["unblocked"] == [str(hires)]
    assert ledger.merge(hires)["outcome"] == "merged"
    assert ledger.waybill(hires) == {"read": 3, "inserted": 3}


def test_resolved_record_does_not_overwrite_a_later_file(ledger: Ledger) -> None:
    ledger.load("jobs", 0, [(1, "Engineer")])
    early = ledger.load("hired_employees", 1, [(1, "early", "2021-05-01T00:00:00Z", 7, 1)])
    ledger.load("hired_employees", 2, [(1, "late", "2021-05-01T00:00:00Z", None, 1)])
    ledger.load("departments", 3, [(7, "Seventh")])
    ledger.resolve(early)
    assert ledger.waybill(early) == {"read": 1, "superseded": 1}
    assert ledger.rows("SELECT name FROM hired_employees") == [("late",)]


def test_a_resolved_record_does_not_overwrite_a_later_unchanged_row(ledger: Ledger) -> None:
    ledger.load("jobs", 0, [(1, "Engineer")])
    same = (1, "same", "2021-05-01T00:00:00Z", None, 1)
    ledger.load("hired_employees", 1, [same])
    early = ledger.load("hired_employees", 2, [(1, "early", "2021-05-01T00:00:00Z", 7, 1)])
    ledger.load("hired_employees", 3, [same])
    ledger.load("departments", 4, [(7, "Seventh")])
    ledger.resolve(early)
    assert ledger.rows("SELECT name FROM hired_employees") == [("same",)]


def test_a_parent_cannot_be_deleted_while_its_child_is_merged(ledger: Ledger) -> None:
    ledger.load("jobs", 0, [(1, "Engineer")])
    ledger.load("departments", 0, [(1, "Sales"), (2, "Support")])
    ledger.load("hired_employees", 1, HIRES)
    with pytest.raises(Exception, match="violates foreign key"):
        ledger.admin.execute("DELETE FROM departments WHERE id = 1")


UNITS = """
CREATE TABLE units (
    country text NOT NULL,
    code varchar(4) NOT NULL,
    price numeric(8,2),
    open boolean NOT NULL,
    since date NOT NULL,
    seen timestamptz,
    parent_country text,
    parent_code varchar(4),
    colour inet,
    label text GENERATED ALWAYS AS (country || '-' || code) STORED,
    note text DEFAULT 'none',
    PRIMARY KEY (country, code),
    UNIQUE (note, price),
    CHECK (price > 0),
    FOREIGN KEY (parent_country, parent_code) REFERENCES units
);
SELECT waybill.register_dataset('units', null_words => '{NA}');
"""


@pytest.fixture
def units(ledger: Ledger) -> Ledger:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(UNITS)
    ledger.admin.execute("RESET ROLE")
    return ledger


def unit(code: str, **cells: Any) -> tuple[Any, ...]:
    given = {"price": "1.50", "parent": None, "colour": None, "note": code} | cells
    above = ("CH", given["parent"]) if given["parent"] else (None, None)
    return (
        "CH", code, given["price"], "t", "2020-01-01", None, *above, given["colour"], given["note"],
    )  # fmt: skip


def test_contract_of_an_unseen_table(units: Ledger) -> None:
    contract = units.contract("units")
    kinds = {column["name"]: (column["kind"], column["stage"]) for column in contract["columns"]}
    assert kinds["price"] == ("numeric", "text")
    assert "label" not in kinds
    (price,) = [column for column in contract["columns"] if column["name"] == "price"]
    assert (price["precision"], price["scale"]) == (8, 2)
    assert contract["natural_key"] == ["country", "code"]
    assert contract["keeps_raw"]


def test_unseen_table_rejects_record_by_record(units: Ledger) -> None:
    records = [
        unit("a"),
        unit("b", price="-1"),
        unit("c", colour="not an address"),
        unit("d", colour="10.0.0.1"),
        unit("e", note="a"),
        unit("f", price="-2", colour="x"),
    ]
    job = units.load("units", 1, records)
    assert units.waybill(job) == {"read": 6, "inserted": 2, "rejected": 4}
    assert [(line, codes) for line, _, codes in units.rejects(job)] == [
        (2, ["check_violation"]),
        (3, ["invalid_inet"]),
        (5, ["constraint_violation"]),
        (6, ["invalid_inet"]),
    ]
    assert units.rows("SELECT label FROM units ORDER BY code") == [("CH-a",), ("CH-d",)]


def test_self_reference_within_one_file_and_across(units: Ledger) -> None:
    records = [unit("b", parent="a"), unit("a"), unit("d", parent="c"), unit("e", parent="d")]
    first = units.load("units", 1, records)
    assert units.waybill(first) == {"read": 4, "inserted": 2, "pending_reference": 2}
    second = units.land("units", 2)
    units.stage(second, "units", [unit("c")])
    assert units.merge(second)["pending"] == [str(first)]
    units.resolve(first)
    assert not units.row_by_row(first)
    assert units.waybill(first) == {"read": 4, "inserted": 4}


def test_missing_parent_may_be_a_reject_by_contract(units: Ledger) -> None:
    units.admin.execute("UPDATE waybill.datasets SET on_missing_parent = 'reject'")
    job = units.load("units", 1, [unit("a"), unit("b", parent="a"), unit("d", parent="zz")])
    assert units.waybill(job) == {"read": 3, "inserted": 2, "rejected": 1}
    assert units.rejects(job)[0][2] == ["unknown_reference"]


def test_updates_that_break_a_constraint_are_refused_alone(units: Ledger) -> None:
    units.load("units", 1, [unit("a"), unit("b"), unit("c")])
    job = units.load("units", 2, [unit("a", note="b"), unit("b"), unit("c", price="9.00")])
    assert not units.row_by_row(job)
    assert units.waybill(job) == {"read": 3, "updated": 1, "unchanged": 1, "rejected": 1}
    assert units.rows("SELECT code, note, price::text FROM units ORDER BY code") == [
        ("a", "a", "1.50"),
        ("b", "b", "1.50"),
        ("c", "c", "9.00"),
    ]


PARTIAL = ["id", "name", "hire_dt"]


@pytest.mark.parametrize("is_known", [False, True], ids=["new key", "known key"])
def test_a_partial_record_waits_for_the_pending_one_of_its_key(
    ledger: Ledger, *, is_known: bool
) -> None:
    ledger.load("jobs", 0, [(1, "Engineer")])
    if is_known:
        ledger.load("hired_employees", 0, [(1, "old", "2021-05-01T00:00:00Z", None, None)])
    full = ledger.load("hired_employees", 1, [(1, "full", "2021-05-01T00:00:00Z", 7, 1)])
    partial = ledger.load(
        "hired_employees", 2, [(1, "partial", "2021-05-01T00:00:00Z")], columns=PARTIAL
    )
    assert ledger.waybill(partial) == {"read": 1, "pending_reference": 1}
    ledger.load("departments", 3, [(7, "Seventh")])
    assert ledger.resolve(full)["pending"] == [str(partial)]
    ledger.resolve(partial)
    assert ledger.rows("SELECT name, department_id, job_id FROM hired_employees") == [
        ("partial", 7, 1)
    ]


def test_a_partial_record_is_loaded_once_the_pending_one_is_superseded(ledger: Ledger) -> None:
    full = ledger.load("hired_employees", 1, [(1, "full", "2021-05-01T00:00:00Z", 7, None)])
    partial = ledger.load(
        "hired_employees", 2, [(1, "partial", "2021-05-01T00:00:00Z")], columns=PARTIAL
    )
    ledger.load("hired_employees", 3, [(1, "later", "2021-05-01T00:00:00Z", None, None)])
    assert ledger.waybill(full) == {"read": 1, "pending_reference": 1}
    ledger.load("departments", 4, [(7, "Seventh")])
    assert ledger.resolve(full)["pending"] == [str(partial)]
    ledger.resolve(partial)
    assert ledger.waybill(partial) == {"read": 1, "superseded": 1}
    assert ledger.rows("SELECT name FROM hired_employees") == [("later",)]
