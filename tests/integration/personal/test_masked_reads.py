"""Personal values are masked on every way out, for callers without the right to them."""

import csv
import io
import json
from itertools import product
from typing import Any

from tests.integration.personal.patients import (
    ADA,
    GRANTED,
    HEADER,
    LOADER,
    MASK,
    READER,
    SECRETS,
    Patients,
)
from tests.integration.replay.rejected_files import CSV
from tests.unit.http.api_client import ADMIN

WITHOUT, WITH = (READER, LOADER), (GRANTED, ADMIN)
PERSONAL = ("surname", "born", "e mail", "domain")
ROWS = (
    "/datasets/patients/rows?visits=3",
    "/datasets/patients/rows?e+mail=ada@analytical.example",
    "/datasets/patients/lookups/mail?e+mail=ada@analytical.example",
    "/datasets/patients/lookups/cached?e+mail=ada@analytical.example",
    "/datasets/patients/lookups/compare?e+mail=ada@analytical.example",
)
BAD = HEADER + ADA.replace(",3,", ",many,") + "north,8,Lovelace ada@analytical.example\n"
PENDING = HEADER + ADA.replace("3,1", "3,2")


def items(answer: Any) -> list[dict[str, Any]]:
    found = answer.get("items", [answer])
    return [one.get("item", one) for one in found]


def shows(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def test_rows_are_masked(patients: Patients) -> None:
    patients.load(HEADER + ADA + "north,8,Nobody,,,,\n")
    for target, caller in product(ROWS, WITHOUT):
        # A caller with the right fills the cache first.
        patients.ask(ADMIN, "GET", target)
        response = patients.ask(caller, "GET", target)
        assert response.status == 200, response.text
        assert shows(response.text) == []
        for item in items(response.json()):
            assert (item["clinic"], item["chart"], item["visits"]) == ("north", 7, 3)
            masked = [item[name] for name in PERSONAL]
            assert masked == [MASK] * 4


def test_rows_are_shown_to_those_with_the_right(patients: Patients) -> None:
    patients.load(HEADER + ADA)
    for target, caller in product(ROWS, WITH):
        patients.ask(READER, "GET", target)
        for item in items(patients.ask(caller, "GET", target).json()):
            assert [item[name] for name in PERSONAL] == list(SECRETS)


def test_a_missing_value_stays_null(patients: Patients) -> None:
    patients.load(HEADER + "north,8,Nobody,,,5,\n")
    (item,) = patients.ask(READER, "GET", "/datasets/patients/rows?visits=5").json()["items"]
    assert (item["surname"], item["born"], item["e mail"]) == (MASK, None, None)


def test_a_grant_for_another_dataset_shows_nothing(patients: Patients) -> None:
    patients.load(HEADER + ADA)
    other = READER._replace(personal=frozenset({"wards"}))
    assert shows(patients.ask(other, "GET", ROWS[0]).text) == []


def test_a_personal_key_is_not_shown_by_cursors(patients: Patients) -> None:
    patients.load("card,town\nA-1,Bern\nB-2,Bern\n", "m.csv", "members")
    target = "/datasets/members/rows?town=Bern"
    cursor = patients.ask(ADMIN, "GET", f"{target}&limit=1").json()["next_cursor"]
    for refused in (f"{target}&limit=1", f"{target}&cursor={cursor}"):
        assert patients.ask(READER, "GET", refused).problem() == (403, "forbidden")
    shown = patients.ask(READER, "GET", target).json()
    assert shown == {"items": [{"card": MASK, "town": "Bern"}] * 2, "next_cursor": None}


def test_rejects_are_masked(patients: Patients) -> None:
    rejects = f"/jobs/{patients.load(BAD)}/rejects"
    for caller in WITHOUT:
        response = patients.ask(caller, "GET", rejects)
        assert shows(response.text) == []
        invalid, malformed = response.json()["items"]
        assert (invalid["raw"], malformed["raw"], malformed["values"]) == (MASK, MASK, {})
        assert invalid["values"]["surname"] == MASK
        assert (invalid["values"]["chart"], invalid["values"]["visits"]) == ("7", "many")
        text = patients.ask(caller, "GET", rejects, headers={"Accept": "text/csv"}).text
        assert shows(text) == []
        assert text.count(invalid["reject_id"]) == 1
    for caller in WITH:
        assert shows(patients.ask(caller, "GET", rejects).text) == list(SECRETS)
        text = patients.ask(caller, "GET", rejects, headers={"Accept": "text/csv"}).text
        assert "Lovelace ada@analytical.example" in text


def test_pending_records_are_masked(patients: Patients) -> None:
    pending = f"/jobs/{patients.load(PENDING)}/pending"
    for caller, shown in ((READER, 0), (LOADER, 0), (GRANTED, 4), (ADMIN, 4)):
        response = patients.ask(caller, "GET", pending)
        (record,) = response.json()["items"]
        assert record["values"]["chart"] == "7"
        assert len(shows(response.text)) == shown


def test_documents_are_masked(patients: Patients) -> None:
    patients.rows(
        "SELECT waybill.register_dataset('ingested_data', personal => '{payload}',"
        " content_key => 'content_hash', provenance => 'metadata', document => 'payload')"
    )
    patients.load(json.dumps({"who": "Lovelace"}), "d.json", "ingested_data")
    granted = READER._replace(personal=frozenset({"ingested_data"}))
    for caller, payload in ((READER, MASK), (LOADER, MASK), (granted, {"who": "Lovelace"})):
        (item,) = patients.ask(caller, "GET", "/data").json()["items"]
        assert item["payload"] == payload
        # The hash of a short document gives it away.
        assert (item["content_hash"] == MASK) == (payload == MASK)


def test_a_masked_csv_is_corrected_and_replayed(patients: Patients) -> None:
    job = patients.load(HEADER + ADA.replace(",3,", ",many,"))
    patients.rows("UPDATE waybill.ingestion_jobs SET created_by = 'a-loader'")
    rejects = f"/jobs/{job}/rejects"
    text = patients.ask(LOADER, "GET", rejects, headers={"Accept": "text/csv"}).text
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (line["surname"], line["born"], line["e mail"]) == (MASK, MASK, MASK)
    corrected = text.replace("many", "4").replace(f"7,{MASK}", "7,Byron")
    response = patients.ask(LOADER, "POST", f"/jobs/{job}/replay", corrected, CSV)
    assert response.status == 202, response.text
    patients.deliver(response)
    assert patients.rows('SELECT surname, born::text, "e mail", visits FROM patients') == [
        ("Byron", SECRETS[1], SECRETS[2], 4)
    ]


def test_a_masked_json_row_is_replayed_as_it_was(patients: Patients) -> None:
    job = patients.load(HEADER + ADA.replace(",3,", ",many,"))
    (reject,) = patients.ask(ADMIN, "GET", f"/jobs/{job}/rejects").json()["items"]
    row = {"_reject_id": reject["reject_id"], "surname": MASK, "clinic": MASK, "visits": 4}
    response = patients.ask(ADMIN, "POST", f"/jobs/{job}/replay", {"rows": [row]})
    patients.deliver(response)
    # In a column that is not personal the word is a value like any other.
    assert patients.rows("SELECT clinic, surname, visits FROM patients") == [(MASK, SECRETS[0], 4)]


def test_reads_of_personal_data_are_audited(patients: Patients) -> None:
    job = patients.load(HEADER + ADA + ADA.replace(",3,", ",many,"))
    targets = (*ROWS, f"/jobs/{job}/rejects", f"/jobs/{job}/pending")
    for caller in (READER, GRANTED):
        for target in targets:
            assert patients.ask(caller, "GET", target).status == 200
    found = patients.rows(
        "SELECT actor, dataset, detail ->> 'records', count(*) FROM waybill.audit_logs"
        " WHERE action = 'personal.read' GROUP BY 1, 2, 3 ORDER BY 3"
    )
    assert found == [
        ("a-doctor", "patients", "lookups", 1),
        ("a-doctor", "patients", "pending", 1),
        ("a-doctor", "patients", "rejects", 1),
        ("a-doctor", "patients", "rows", 2),
    ]
    everything = patients.rows("SELECT string_agg(a::text, '') FROM waybill.audit_logs AS a")
    assert shows(str(everything)) == []
