"""The text of rejects is encrypted in the database, and readable for those with the right only."""

from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import ClientError

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
from tests.unit.http.api_client import ADMIN
from waybill import clients

INVALID = ADA.replace(",3,", ",many,")
# Refused by the table, and not by the loader.
REFUSED = ADA.replace("ada@", "ada at ")
UNREADABLE = "north,8,Lovelace ada@analytical.example\n"


@pytest.fixture
def decrypted(patients: Patients, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The encryption context of each data key that KMS decrypts."""
    contexts: list[dict[str, str]] = []
    kms = clients.kms_client()
    assert patients.cloud.personal_key
    real = kms.decrypt

    def decrypt(**call: Any) -> Any:
        contexts.append(call["EncryptionContext"])
        return real(**call)

    monkeypatch.setattr(kms, "decrypt", decrypt)
    return contexts


def rejects(patients: Patients, job: str) -> list[str]:
    found = patients.ask(ADMIN, "GET", f"/jobs/{job}/rejects").json()["items"]
    return [each["raw"] for each in found]


def stored(patients: Patients) -> str:
    """The text of rejects and pending records, and whatever else is raw, as the database has it."""
    return str(
        patients.rows(
            "SELECT encode(raw, 'escape') FROM waybill.validation_errors"
            " UNION ALL SELECT raw FROM waybill.pending_references"
        )
    )


def shows(text: str) -> list[str]:
    return [secret for secret in (*SECRETS, "analytical") if secret in text]


def test_texts_are_stored_encrypted_and_shown_as_they_were(patients: Patients) -> None:
    job = patients.load(HEADER + INVALID + REFUSED + UNREADABLE)
    assert shows(stored(patients)) == []
    assert rejects(patients, job) == [text.rstrip("\n") for text in (INVALID, REFUSED, UNREADABLE)]
    text = patients.ask(GRANTED, "GET", f"/jobs/{job}/rejects", headers={"Accept": "text/csv"}).text
    assert UNREADABLE.rstrip("\n") in text


def test_callers_without_the_right_cause_no_decryption(
    patients: Patients, decrypted: list[dict[str, str]]
) -> None:
    job = patients.load(HEADER + INVALID + UNREADABLE)
    for caller in (READER, LOADER):
        for headers in ({}, {"Accept": "text/csv"}):
            patients.ask(caller, "GET", f"/jobs/{job}/rejects", headers=headers)
    assert decrypted == []
    rejects(patients, job)
    assert decrypted == [{"waybill:dataset": "patients", "waybill:job": job}]


def test_pending_records_keep_encrypted_text_until_they_are_refused(patients: Patients) -> None:
    # Its table may refuse a record, so that the text waits with it.
    text = ADA.replace("3,1", "3,2")
    job = patients.load(HEADER + text)
    assert shows(stored(patients)) == []
    patients.rows("SELECT FROM waybill.reject_pending(%s, 'refused')", UUID(job))
    assert shows(stored(patients)) == []
    assert rejects(patients, job) == [text.rstrip("\n")]


def test_rows_of_a_batch_are_encrypted(patients: Patients) -> None:
    key = {"clinic": "north", "surname": "Lovelace"}
    rows = [{**key, "chart": 1, "born": "1815-12-10?"}, {**key, "chart": 2, "e mail": "analytical"}]
    body = {"rows": [*rows, {**key, "chart": 3}], "mode": "partial"}
    response = patients.ask(ADMIN, "POST", "/batch/patients", body).json()
    assert response["rows_written"] == 1
    assert shows(stored(patients)) == []
    first, second = rejects(patients, response["job_id"])
    assert "1815-12-10?" in first
    assert '"e mail":"analytical"' in second.replace(": ", ":")


def test_a_dataset_without_personal_columns_keeps_its_text_as_it_is(
    patients: Patients, decrypted: list[dict[str, str]]
) -> None:
    job = patients.load("ward\nfirst\n", dataset="wards")
    assert patients.rows(
        "SELECT convert_from(raw, 'UTF8'), data_key FROM waybill.validation_errors"
    ) == [("first", None)]
    assert rejects(patients, job) == ["first"]
    assert (decrypted, patients.rows("SELECT FROM waybill.data_keys")) == ([], [])


def test_without_a_key_the_text_is_not_kept(
    patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PERSONAL_KEY")
    job = patients.load(HEADER + INVALID + REFUSED + UNREADABLE)
    assert rejects(patients, job) == [MASK] * 3
    assert shows(stored(patients)) == []


def test_a_data_key_of_one_job_does_not_open_the_text_of_another(patients: Patients) -> None:
    first = patients.load(HEADER + INVALID, "1.csv")
    second = patients.load(HEADER + INVALID.replace(",7,", ",9,"), "2.csv")
    patients.rows(
        "UPDATE waybill.data_keys SET encrypted = (SELECT k.encrypted FROM waybill.data_keys AS k"
        " WHERE k.job_id = %s) WHERE job_id = %s",
        UUID(first),
        UUID(second),
    )
    response = patients.ask(ADMIN, "GET", f"/jobs/{second}/rejects")
    assert response.problem() == (503, "encryption-unavailable")
    assert shows(response.text) == []


def test_a_load_waits_while_the_key_cannot_be_used(
    patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    kms = clients.kms_client()
    real, calls = kms.generate_data_key, []

    def generate_data_key(**call: Any) -> Any:
        calls.append(call)
        if len(calls) == 1:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GenerateDataKey")
        return real(**call)

    monkeypatch.setattr(kms, "generate_data_key", generate_data_key)
    job = patients.load(HEADER + INVALID)
    document = patients.ask(ADMIN, "GET", f"/jobs/{job}").json()
    assert (document["state"], len(calls)) == ("COMPLETED_WITH_REJECTS", 2)
    assert rejects(patients, job) == [INVALID.rstrip("\n")]


def test_each_chunk_has_a_key_of_its_own(
    patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "64")
    lines = "".join(f"north,{n},Lovelace,,,many,1\n" for n in range(10))
    job = patients.load(HEADER + lines)
    ((keys, rejected),) = patients.rows(
        "SELECT count(DISTINCT data_key), count(*) FROM waybill.validation_errors"
    )
    assert (keys > 1, rejected) == (True, 10)
    assert rejects(patients, job) == lines.splitlines()
