"""Personal data through the deployed API: masked, encrypted, decrypted and erased."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from infra.local.clients import Clients
from infra.local.stack import Stack
from infra.local.status import Status
from tests.e2e.client_calls import load
from tests.e2e.test_access import bearer
from waybill.landing.expiry import EXPIRY_TAG
from waybill.masking import MASK
from waybill.state.bucket import StateBucket
from waybill_client import Waybill

pytestmark = pytest.mark.e2e
NAME, EMAIL = "Ada Lovelace", "ada@analytical.example"
ADA = f"940001,{EMAIL},{NAME},active,1815-12-10T00:00:00Z\n"
# Refused by the loader, by the table, and without readable columns.
BAD = ADA.replace("1815", "then") + ADA.replace(",active", ",away") + f"940001,{NAME}\n"
ROWS = (
    f"/users/indexed?email={EMAIL}",
    f"/users/cached?email={EMAIL}",
    f"/users/compare?email={EMAIL}",
    f"/datasets/users/rows?email={EMAIL}",
    f"/datasets/users/lookups/scan?email={EMAIL}",
)
Callers = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def callers(local_stack: Stack) -> Callers:
    token = local_stack.issuer().token
    return {
        "reader": bearer(token("reader")),
        "loader": bearer(token("loader")),
        "granted": bearer(token(roles=["reader", "personal:users"])),
        "admin": bearer(token("admin")),
    }


@pytest.fixture(scope="module")
def job(api: str, local_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A job with one row of the person and three rejects."""
    folder: Path = tmp_path_factory.mktemp("people")
    with Waybill(api, token=local_stack.issuer().fresh_token) as waybill:
        found = load(waybill, folder, "users", ADA + BAD)
        assert found["waybill"]["rejected"] == 3, found
        return str(found["job_id"])


@pytest.fixture
def anybody(api: str) -> Iterator[httpx.Client]:
    """Requests without a token of their own."""
    with httpx.Client(base_url=api, timeout=90) as client:
        yield client


def shows(text: str) -> bool:
    return NAME in text or EMAIL in text


def test_only_those_with_the_right_see_values(
    anybody: httpx.Client, callers: Callers, job: str
) -> None:
    targets = [*ROWS, f"/jobs/{job}/rejects"]
    for name, headers in callers.items():
        for target in targets:
            response = anybody.get(target, headers=headers)
            assert response.status_code == 200, response.text
            assert shows(response.text) == (name in ("granted", "admin")), (name, target)
        text = anybody.get(f"/jobs/{job}/rejects", headers={**headers, "Accept": "text/csv"}).text
        assert shows(text) == (name in ("granted", "admin"))
        assert (MASK in text) == (name in ("reader", "loader"))
        # Neither the job nor its attempts quote a value.
        for target in (f"/jobs/{job}", f"/jobs/{job}/runs", f"/jobs/{job}/pending"):
            assert not shows(anybody.get(target, headers=headers).text)


def raw(http: httpx.Client, job: str) -> list[str]:
    items: list[dict[str, Any]] = http.get(f"/jobs/{job}/rejects").json()["items"]
    return [item["raw"] for item in items]


def test_the_database_has_encrypted_texts_only(http: httpx.Client, stack: Status, job: str) -> None:
    with psycopg.connect(str(stack.database_url)) as database:
        stored = database.execute(
            "SELECT encode(raw, 'escape') FROM waybill.validation_errors WHERE job_id = %s", (job,)
        ).fetchall()
    assert len(stored) == 3
    assert not shows(str(stored))
    assert raw(http, job) == BAD.splitlines()


def test_a_batch_keeps_encrypted_texts_too(http: httpx.Client, stack: Status) -> None:
    row = {"id": 940002, "email": EMAIL, "name": NAME, "status": "away", "created_at": "2026-01-01"}
    body = {"rows": [row, {**row, "status": "active", "created_at": "then"}], "mode": "partial"}
    response = http.post("/batch/users", json=body)
    job = response.json()["job_id"]
    assert all(EMAIL in text for text in raw(http, job))
    with psycopg.connect(str(stack.database_url)) as database:
        stored = database.execute(
            "SELECT encode(raw, 'escape') FROM waybill.validation_errors WHERE job_id = %s", (job,)
        ).fetchall()
    assert (len(stored), shows(str(stored))) == (2, False)


def test_a_person_is_erased(
    http: httpx.Client, anybody: httpx.Client, callers: Callers, job: str
) -> None:
    for name in ("reader", "loader", "granted"):
        refused = anybody.delete("/personal-data/users/940001", headers=callers[name])
        assert refused.status_code == 403
    erased = http.delete("/personal-data/users/940001")
    assert erased.json() == {"rows": 1, "rejects": 3, "pending": 0}
    assert http.get(f"/jobs/{job}").json()["waybill"]["erased"] == 3
    assert raw(http, job) == []
    for target in ROWS[:2]:
        assert not shows(http.get(target).text)


def test_the_files_that_may_hold_an_erased_person_expire(
    http: httpx.Client, aws: Clients, job: str
) -> None:
    assert http.delete("/personal-data/users/940001").status_code == 200
    # As if the erasure had been two hours ago.
    state, s3 = StateBucket(aws("s3"), "waybill-local-state"), aws("s3")
    state.deadlines.put_erasure(datetime.now(UTC) - timedelta(hours=2))
    reaped = aws("lambda").invoke(FunctionName="waybill-local-reap", Payload=b"{}")
    said = reaped["Payload"].read().decode()
    assert json.loads(said).get("objects_marked"), said
    found = http.get(f"/jobs/{job}").json()
    assert found["object_erased_at"]
    version = {
        "Bucket": found["source"]["bucket"],
        "Key": found["source"]["key"],
        "VersionId": found["source"]["version_id"],
    }
    name, value = EXPIRY_TAG
    assert s3.get_object_tagging(**version)["TagSet"] == [{"Key": name, "Value": value}]
    # The emulator has no lifecycle rules: the version goes as the rule would delete it.
    s3.delete_object(**version)
    redriven = http.post(
        "/admin/redrive/objects", json={"prefix": f"landing/users/{found['job_id']}/"}
    )
    assert redriven.status_code == 200, redriven.text
    assert http.get(f"/jobs/{job}").json() == found
