"""Personal values are in no message: of rejects, of jobs, of responses, and in no log line."""

import json

import pytest

from tests.integration.personal.patients import ADA, HEADER, LOADER, SECRETS, Patients
from tests.unit.http.api_client import ADMIN

# Values of personal columns that their checks refuse, one by the loader, one by the database.
BORN, MAIL = "10-Dec-1815?", "ada.at.analytical"
WRONG = f"north,7,Lovelace,{BORN},ada@analytical.example,1,1\nnorth,8,Lovelace,,{MAIL},2,1\n"
LEAKS = (BORN, MAIL, "Lovelace", "analytical")
# Raises with the whole row in its message, for which no column is named.
TRIGGER = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.surname = 'Lovelace' THEN
        RAISE EXCEPTION 'refused: %', NEW USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER refuse BEFORE INSERT ON patients FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def leaks(text: str) -> list[str]:
    return [value for value in (*LEAKS, *SECRETS) if value in text]


def test_messages_of_rejects_have_no_personal_values(
    patients: Patients, caplog: pytest.LogCaptureFixture
) -> None:
    patients.rows(TRIGGER)
    job = patients.load(HEADER + WRONG + "north,9,Lovelace,,,3,1\nnorth,10,Byron,,,4,1\n")
    rejects = patients.ask(LOADER, "GET", f"/jobs/{job}/rejects").json()["items"]
    found = [(one["line"], error) for one in rejects for error in one["errors"]]
    assert [(line, error["column"], error["code"]) for line, error in found] == [
        (2, "born", "invalid_date"),
        (3, "e mail", "check_violation"),
        (4, None, "refused_by_table"),
    ]
    assert found[2][1]["message"] == "the table refuses the value (SQLSTATE 23514)"
    stored = patients.rows("SELECT errors::text FROM waybill.validation_errors")
    runs = patients.rows("SELECT error::text FROM waybill.job_runs")
    jobs = patients.rows("SELECT document::text FROM waybill.job_documents")
    for text in (json.dumps(found), str(stored), str(runs), str(jobs), caplog.text):
        assert leaks(text) == []


def test_errors_of_a_batch_have_no_personal_values(
    patients: Patients, caplog: pytest.LogCaptureFixture
) -> None:
    patients.rows(TRIGGER)
    key = {"clinic": "north", "chart": 1, "surname": "Lovelace"}
    for row in ({**key, "born": BORN}, {**key, "e mail": MAIL}, key):
        response = patients.ask(LOADER, "POST", "/batch/patients", {"rows": [row]})
        assert response.problem() == (422, "batch-refused")
        assert leaks(response.text) == []
    rows = [{**key, "born": BORN}, {**key, "chart": 2, "surname": "Byron"}]
    body = {"rows": rows, "mode": "partial"}
    response = patients.ask(ADMIN, "POST", "/batch/patients", body, {"Idempotency-Key": "k"})
    assert (response.status, response.json()["rows_written"]) == (200, 1)
    stored = patients.rows("SELECT response::text FROM waybill.idempotency_keys")
    for text in (response.text, str(stored), caplog.text):
        assert leaks(text) == []


def test_a_condition_that_cannot_be_computed_does_not_show_the_value(patients: Patients) -> None:
    patients.rows(
        "SELECT waybill.register_dataset('patients', personal => '{surname,born,e mail}',"
        """ transformation => '{"where": "surname::numeric > 0"}')"""
    )
    job = patients.load(HEADER + ADA)
    (reject,) = patients.ask(LOADER, "GET", f"/jobs/{job}/rejects").json()["items"]
    (error,) = reject["errors"]
    assert error["code"] == "condition_failed"
    assert error["message"].endswith("the table refuses the value (SQLSTATE 22P02)")
    assert leaks(json.dumps(error)) == []


def test_a_file_without_a_header_is_refused_without_its_values(
    patients: Patients, caplog: pytest.LogCaptureFixture
) -> None:
    for name, text in (
        ("a.csv", "Lovelace,ada@analytical.example\n"),
        ("b.csv", "Lov\xe9lace,ada@analytical.example\n"),
    ):
        body = text.encode("latin-1").decode("latin-1")
        job = patients.load(body, name)
        document = patients.ask(LOADER, "GET", f"/jobs/{job}").text
        runs = patients.ask(LOADER, "GET", f"/jobs/{job}/runs").text
        assert json.loads(document)["state"] == "FAILED"
        for shown in (document, runs, caplog.text):
            assert leaks(shown) == []
