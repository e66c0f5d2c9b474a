"""An erasure deletes the copies outside of the database: samples, downloads, exports, carries."""

from typing import Any
from uuid import UUID

import pytest

from functions.api.documents import erase_person
from tests.cloud.fixtures import STATE
from tests.integration.personal.patients import ADA, HEADER, Patients
from tests.integration.personal.test_erasure import NORTH_7, OTHERS, erase, everything
from tests.integration.personal.test_expired_objects import pass_hours
from tests.integration.reap.stalled_jobs import reap
from tests.unit.http.api_client import ADMIN
from waybill.clients import s3_client
from waybill.errors import Retryable, Unavailable
from waybill.ids import new_id

WARD = "ward\n3\n"


@pytest.fixture(autouse=True)
def reaper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_USER", "pipeline")


def put(patients: Patients, key: str) -> str:
    patients.cloud.s3.put_object(Bucket=STATE, Key=key, Body=ADA.encode())
    return key


def copies(patients: Patients) -> list[str]:
    """The keys of what is left of the kinds in question, once for each version."""
    return sorted(
        version["Key"]
        for version in patients.cloud.s3.list_object_versions(Bucket=STATE).get("Versions", [])
        if version["Key"].startswith(("samples/", "exports/", "extractions/"))
    )


def begin_export(patients: Patients, dataset: str, created: str) -> UUID:
    ((export,),) = patients.rows(
        "INSERT INTO waybill.exports (export_id, dataset, format, escapes_formulas, is_masked,"
        " created_by, created_at) VALUES (gen_random_uuid(), %s, 'csv', true, false, 'a',"
        " now() + %s::interval) RETURNING export_id", dataset, created)  # fmt: skip
    return UUID(str(export))


def test_nothing_of_a_person_is_left_in_any_version(patients: Patients) -> None:
    job = patients.load(HEADER + ADA + OTHERS)
    other = patients.load(WARD, "w.csv", "wards")
    exported = begin_export(patients, "patients", "-1 hour")
    # Of another caller, of a dataset that nobody knows, and written twice.
    sample = put(patients, f"samples/{'0' * 64}/{new_id()}")
    put(patients, sample)
    for name in (job, exported):
        put(patients, f"exports/{name}/{new_id()}.csv")
    put(patients, f"extractions/{job}/4")
    kept = sorted(
        put(patients, key)
        for key in (
            f"exports/{other}/{new_id()}.csv",
            f"exports/{begin_export(patients, 'wards', '-1 hour')}/{new_id()}.csv",
            f"extractions/{other}/4",
            # The state of a run has no record, and a run of an unknown job goes on.
            f"extractions/{job}.json",
            f"extractions/{new_id()}/4",
            "exports/readme",
        )
    )
    assert erase(patients, NORTH_7).status == 200
    assert copies(patients) == kept


def test_a_later_sample_and_export_stay(patients: Patients) -> None:
    patients.load(HEADER + ADA)
    assert erase(patients, NORTH_7).status == 200
    patients.rows("UPDATE waybill.erasures SET erased_at = erased_at - interval '3 hours'")
    sample = put(patients, f"samples/{'0' * 64}/{new_id()}")
    export = put(patients, f"exports/{begin_export(patients, 'patients', '0')}/{new_id()}.csv")
    pass_hours(patients, 2)
    assert "copies_deleted" not in reap()
    assert copies(patients) == sorted([sample, export])


def test_a_run_that_still_reads_keeps_its_own(patients: Patients) -> None:
    patients.load(HEADER + ADA)
    job = new_id()
    patients.rows(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, kind, state)"
        " VALUES (%s, 'patients', 'database', 'EXTRACTING')", job)  # fmt: skip
    carry = put(patients, f"extractions/{job}/1")
    assert erase(patients, NORTH_7).status == 200
    assert copies(patients) == [carry]
    patients.rows("UPDATE waybill.ingestion_jobs SET state = 'FAILED',"
                  " finished_at = now() WHERE job_id = %s", job)  # fmt: skip
    pass_hours(patients, 2)
    assert reap()["copies_deleted"] == 1
    assert copies(patients) == []


def test_a_request_that_is_stopped_after_its_commit_is_finished_by_reap(
    patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    patients.load(HEADER + ADA)
    put(patients, f"samples/{'0' * 64}/{new_id()}")

    def stopped(*_arguments: Any) -> int:
        raise Unavailable("storage-unavailable", "Killed.")

    with monkeypatch.context() as patch:
        patch.setattr(erase_person, "delete_erased_copies", stopped)
        assert erase(patients, NORTH_7).status == 503
    assert patients.rows("SELECT count(*) FROM waybill.erasures") == [(1,)]
    assert len(copies(patients)) == 1
    pass_hours(patients, 2)
    assert reap()["copies_deleted"] == 1
    assert copies(patients) == []


def test_without_a_deadline_nothing_is_listed(patients: Patients) -> None:
    patients.load(HEADER + ADA)
    assert erase(patients, NORTH_7).status == 200
    sample = put(patients, f"samples/{'0' * 64}/{new_id()}")
    assert "copies_deleted" not in reap()
    assert copies(patients) == [sample]


def test_copies_that_s3_does_not_delete_are_deleted_by_the_next_attempt(
    patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    patients.load(HEADER + ADA)
    exported = begin_export(patients, "patients", "-1 hour")
    for name in ("a", "b"):
        put(patients, f"exports/{exported}/{name}.csv")
    put(patients, f"samples/{'0' * 64}/{new_id()}")

    delete: Any = s3_client().delete_objects

    def refuse(**call: Any) -> Any:
        doomed = call["Delete"]["Objects"]
        if all("VersionId" not in one for one in doomed):
            return delete(**call)
        return {"Errors": [{"Code": "AccessDenied"} | one for one in doomed]}

    with monkeypatch.context() as patch:
        patch.setattr(s3_client(), "delete_objects", refuse)
        assert erase(patients, NORTH_7).status == 503
        pass_hours(patients, 2)
        with pytest.raises(Retryable, match=r"1 of 1 objects .*: AccessDenied$"):
            reap()
    assert len(copies(patients)) == 3
    assert reap()["copies_deleted"] == 3
    assert copies(patients) == []
    assert "copies_deleted" not in reap()


def test_a_kind_of_copies_that_s3_does_not_delete_does_not_keep_the_others(
    patients: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    patients.load(HEADER + ADA)
    put(patients, f"exports/{begin_export(patients, 'patients', '-1 hour')}/a.csv")
    sample = put(patients, f"samples/{'0' * 64}/{new_id()}")
    delete: Any = s3_client().delete_objects

    def refuse(**call: Any) -> Any:
        doomed = call["Delete"]["Objects"]
        if all(not one["Key"].startswith("samples/") for one in doomed):
            return delete(**call)
        return {"Errors": [{"Code": "AccessDenied"} | one for one in doomed]}

    monkeypatch.setattr(s3_client(), "delete_objects", refuse)
    assert erase(patients, NORTH_7).status == 503
    assert copies(patients) == [sample]


def test_the_kept_response_of_a_batch_has_no_values(patients: Patients) -> None:
    row = {"clinic": "north", "chart": 7, "surname": "Lovelace", "born": "1815-12-40"}
    row |= {"e mail": "analytical.example", "ward": 99}
    response = patients.ask(
        ADMIN,
        "POST",
        "/batch/patients",
        {"rows": [row, {**row, "born": None}], "mode": "partial"},
        {"Idempotency-Key": "ada"},
    )
    assert len(response.json()["errors"]) >= 2, response.text
    assert erase(patients, NORTH_7).status == 200
    assert patients.rows("SELECT count(*) FROM waybill.idempotency_keys") == [(1,)]
    kept = everything(patients)
    assert [text for text in ("Lovelace", "1815", "analytical") if text in kept] == []
