"""A person is erased everywhere, stays erased when files are loaded again, and all sums balance."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.personal.patients import ADA, HEADER, LOADER, READER, Patients
from tests.unit.http.api_client import ADMIN, ApiResponse

NORTH_7 = ["north", 7]
OTHERS = "north,70,Hopper,,grace@navy.example,1,1\nsouth,7,Turing,,alan@bletchley.example,2,1\n"
SPELT = "ada@analytical.example"
PARTS = ("inserted", "updated", "unchanged", "superseded", "filtered", "rejected",
         "pending_reference", "erased")  # fmt: skip


def erase(patients: Patients, key: object, dataset: str = "patients") -> ApiResponse:
    text = key if isinstance(key, str) else json.dumps(key)
    return patients.ask(ADMIN, "DELETE", f"/personal-data/{dataset}/{quote(text, safe='')}")


def waybill(patients: Patients, job: str) -> dict[str, int]:
    found: dict[str, Any] = patients.ask(ADMIN, "GET", f"/jobs/{job}").json()["waybill"]
    assert found["read"] == sum(found.get(part, 0) for part in PARTS)
    return {part: found[part] for part in PARTS if found.get(part)}


def everything(patients: Patients) -> str:
    """All that the database has of the patients, in any table."""
    tables = patients.rows(
        "SELECT c.oid::regclass::text FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname IN ('public', 'waybill', 'staging')"
        " AND c.relname NOT LIKE 'waybill_%%' AND pg_has_role(c.relowner, 'USAGE')",
    )
    texts = [patients.rows(f"SELECT string_agg(t::text, ' ') FROM {table} AS t")
             for (table,) in tables]  # fmt: skip
    raw = patients.rows("SELECT encode(raw, 'escape') FROM waybill.validation_errors")
    return str(texts) + str(raw)


def test_a_person_is_erased_everywhere(patients: Patients) -> None:
    rows = patients.load(HEADER + ADA + OTHERS, "rows.csv")
    rejects = patients.load(
        HEADER
        + ADA.replace(",3,", ",many,")
        + OTHERS.replace(",1,", ",few,")
        # Without a readable key: known by a value, and by all parts of the key.
        + "Lovelace;ada@analytical.example\n"
        + "north,7,too few\nnorth,71,too few\n",
        "s.csv",
    )
    pending = patients.load(HEADER + ADA.replace("3,1", "3,2").replace("Love", "Lace"), "z.csv")
    response = erase(patients, NORTH_7)
    assert response.status == 200, response.text
    assert response.json() == {"rows": 1, "rejects": 3, "pending": 1}
    found = everything(patients)
    assert [text for text in ("Lovelace", "Lacelace", "analytical", "1815") if text in found] == []
    assert patients.rows("SELECT clinic, chart FROM patients ORDER BY 1, 2") == [
        ("north", 70),
        ("south", 7),
    ]
    assert waybill(patients, rows) == {"inserted": 3}
    assert waybill(patients, rejects) == {"unchanged": 1, "rejected": 2, "erased": 3}
    assert waybill(patients, pending) == {"erased": 1}
    assert erase(patients, NORTH_7).json() == {"rows": 0, "rejects": 0, "pending": 0}
    assert patients.rows(
        "SELECT actor, dataset, detail::text FROM waybill.audit_logs"
        " WHERE action = 'personal.erased' ORDER BY occurred_at LIMIT 1"
    ) == [("a-person", "patients", '{"rows": 1, "pending": 1, "rejects": 3}')]


def test_a_file_that_landed_before_does_not_bring_the_person_back(patients: Patients) -> None:
    erase(patients, NORTH_7)
    # Landed before the erasure, loaded after it: the key is written in another way, too.
    bad = ADA.replace(",3,", ",many,") + ADA.replace(SPELT, "nobody at analytical")
    job = patients.load(HEADER + ADA + ADA.replace(",7,", ",+7,") + OTHERS + bad, "old.csv")
    assert waybill(patients, job) == {"inserted": 2, "erased": 4}
    assert "Lovelace" not in everything(patients)
    pending = patients.load(HEADER + ADA.replace("3,1", "3,2"), "pending.csv")
    assert waybill(patients, pending) == {"erased": 1}


def test_a_person_may_come_back_in_a_later_file(patients: Patients) -> None:
    erase(patients, NORTH_7)
    row = {"clinic": "north", "chart": 7, "surname": "Lovelace"}
    response = patients.ask(LOADER, "POST", "/batch/patients", {"rows": [row]})
    assert response.json()["rows_written"] == 1


def test_a_single_key_is_written_as_it_is(patients: Patients) -> None:
    patients.load("card,town\nA-1,Bern\n[2],Bern\n", "m.csv", "members")
    assert erase(patients, "A-1", "members").json()["rows"] == 1
    assert erase(patients, ["[2]"], "members").json()["rows"] == 1
    assert patients.rows("SELECT * FROM members") == []


def test_a_person_that_rows_refer_to_is_kept(patients: Patients) -> None:
    patients.load(HEADER + ADA)
    response = erase(patients, "1", "wards")
    assert response.problem() == (409, "still-referenced")
    assert response.json()["detail"] == "Rows of patients refer to the person; erase those first."
    assert patients.rows("SELECT ward FROM wards") == [(1,)]
    assert patients.rows("SELECT * FROM waybill.erasures") == []


@pytest.mark.parametrize("key", ["north", ["north"], ["north", "seven"], ["north", 7, 8]])
def test_a_key_that_the_dataset_cannot_have_is_unknown(patients: Patients, key: object) -> None:
    response = erase(patients, key)
    assert response.problem() == (404, "unknown-person")
    assert "seven" not in response.json()["detail"]


def test_keys_of_any_text_and_unknown_datasets_are_unknown(patients: Patients) -> None:
    for key in ("a\0b", "[" * 4000, "[1e400]", "\U0001f600", "%"):
        assert erase(patients, key, "wards").problem() == (404, "unknown-person")
    assert erase(patients, "1", "nobody").problem() == (404, "unknown-dataset")


def test_only_administrators_erase(patients: Patients) -> None:
    for caller in (READER, LOADER):
        response = patients.ask(caller, "DELETE", "/personal-data/members/A-1")
        assert response.problem() == (403, "forbidden")


def test_the_key_of_an_erased_person_is_no_extreme_of_a_column(patients: Patients) -> None:
    job = patients.load(HEADER + ADA + OTHERS, "rows.csv")

    def extremes() -> dict[str, list[object]]:
        items = patients.ask(ADMIN, "GET", f"/jobs/{job}/columns").json()["items"]
        return {one["column"]: [one["current"]["min"], one["current"]["max"]] for one in items}

    nothing: list[object] = [None, None]
    personal = dict.fromkeys(("surname", "born", "e mail"), nothing)
    others = {"visits": ["1", "3"], "ward": ["1", "1"]}
    assert extremes() == {"clinic": ["north", "south"], "chart": ["7", "70"], **personal, **others}
    erase(patients, NORTH_7)
    assert extremes() == {"clinic": [None, "south"], "chart": [None, "70"], **personal, **others}
