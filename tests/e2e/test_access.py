"""Roles, datasets and tokens, by every route of the deployed API."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from infra.local.clients import Clients
from infra.local.issuer import Issuer
from infra.local.stack import Stack
from infra.routes import ROUTES, Route
from tests.e2e.client_calls import accept, load
from waybill_client import Waybill

pytestmark = pytest.mark.e2e
_NOBODY = "01900000-0000-7000-8000-000000000000"
# CORS headers are for pages of other origins.
_PAGE = {"Origin": "https://console.example"}
_DATASETS = ("departments", "users")
# A parameter that is not here fails every test, so that its routes are not forgotten.
_VALUES = {
    "strategy": "scan",
    "job_id": _NOBODY,
    "document_id": _NOBODY,
    "source_id": _NOBODY,
    "export_id": _NOBODY,
    "key": _NOBODY,
    "partition": "2001",
}


@pytest.fixture
def issuer(local_stack: Stack) -> Issuer:
    return local_stack.issuer()


@pytest.fixture
def anybody(api: str) -> Iterator[httpx.Client]:
    """Requests without a token."""
    with httpx.Client(base_url=api, timeout=90) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **_PAGE}


def send(
    client: httpx.Client,
    route: Route,
    headers: dict[str, str],
    query: str = "",
    **values: str,
) -> httpx.Response:
    """A request that reaches the route and changes nothing; `values` by path parameter."""
    given = {"dataset": _DATASETS[0], "name": _DATASETS[0], **_VALUES, **values}
    path = re.sub(r"\{(\w+)\}", lambda found: given[found[1]], route.path)
    body = {"prefix": "landing/none/"} if "redrive" in path else {}
    content = json.dumps(body) if route.method == "POST" else None
    json_type = {"Content-Type": "application/json"} if content else {}
    return client.request(
        route.method,
        path + query,
        content=content,
        headers={**_PAGE, **headers, **json_type},
    )


def assert_problem(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert response.headers["Access-Control-Allow-Origin"]
    assert response.json()["type"].endswith(f"/problems/{code}")
    assert ("WWW-Authenticate" in response.headers) == (status == 401)


def test_every_route_but_the_open_ones_needs_a_token(anybody: httpx.Client) -> None:
    for route in ROUTES:
        response = send(anybody, route, {})
        if route.rule.role is None:
            assert response.status_code == 200, route
        else:
            assert_problem(response, 401, "unauthorized")


@pytest.mark.parametrize("path", ["/jobs/a%0Ab", "/datasets/a%0Ab", "/data-sources/a%0Ab/test"])
def test_an_id_with_a_line_break_is_unknown(http: httpx.Client, path: str) -> None:
    """The policy of an administrator's token lets it pass."""
    response = http.post(path) if path.endswith("/test") else http.get(path)
    assert response.status_code == 404, response.text


def test_jobs_of_other_datasets_do_not_exist(
    anybody: httpx.Client, issuer: Issuer, waybill: Waybill, tmp_path: Path
) -> None:
    job = load(waybill, tmp_path, "departments", "930001,Access\n")
    path = f"/jobs/{job['job_id']}"
    for dataset, status in (("departments", 200), ("jobs", 404)):
        headers = bearer(issuer.token("reader", datasets=[dataset]))
        assert anybody.get(path, headers=headers).status_code == status
        items = anybody.get("/jobs", headers=headers).json()["items"]
        assert {item["dataset"] for item in items} <= {dataset}
        assert (job["job_id"] in [item["job_id"] for item in items]) == (status == 200)
        names = [item["name"] for item in anybody.get("/datasets", headers=headers).json()["items"]]
        assert names == [dataset]


def test_a_loader_changes_only_its_own_jobs(api: str, issuer: Issuer) -> None:
    ada, bob = (bearer(issuer.token("loader", subject=name)) for name in ("ada", "bob"))
    with httpx.Client(base_url=api, timeout=90, headers=ada) as own:
        path = f"/jobs/{accept(own, 'departments', b'930002,Own')['job_id']}"
        assert_problem(httpx.delete(f"{api}{path}", headers=bob, timeout=90), 403, "forbidden")
        reader = bearer(issuer.token("reader", subject="ada"))
        assert_problem(httpx.delete(f"{api}{path}", headers=reader, timeout=90), 403, "forbidden")
        assert own.delete(path).status_code == 202


def test_the_creator_is_recorded_by_the_job(
    api: str, issuer: Issuer, waybill: Waybill, http: httpx.Client, tmp_path: Path
) -> None:
    ada, bob = (issuer.token("loader", subject=name) for name in ("ada", "bob"))
    with Waybill(api, token=ada) as loader:
        job = load(loader, tmp_path, "departments", "930003,Good\nx,Bad\n")
    (reject,) = waybill.rejects(job["job_id"])
    rows = {"rows": [{"_reject_id": reject["reject_id"], "id": "930004"}]}
    path = f"{api}/jobs/{job['job_id']}/replay"
    assert_problem(httpx.post(path, json=rows, headers=bearer(bob), timeout=90), 403, "forbidden")
    replay = httpx.post(path, json=rows, headers=bearer(ada), timeout=90)
    assert replay.status_code == 202, replay.text
    assert waybill.wait(replay.json()["job_id"])["state"] == "COMPLETED"
    batch = http.post("/batch/departments", json={"rows": [{"id": 930005, "department": "B"}]})
    url = f"{api}/jobs/{batch.json()['job_id']}"
    assert_problem(httpx.delete(url, headers=bearer(bob), timeout=90), 403, "forbidden")


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _bad_tokens(issuer: Issuer) -> dict[str, str]:
    now = int(time.time())
    claims: dict[str, Any] = jwt.decode(issuer.token(), options={"verify_signature": False})
    other = Issuer(ec.generate_private_key(ec.SECP256R1()))
    forged = Issuer(ec.generate_private_key(ec.SECP256R1()))
    forged.key_id = issuer.key_id
    return {
        "nonsense": "nonsense",
        "forged": forged.token(),
        "of another stack": other.token(),
        "unknown key": jwt.encode(claims, issuer.key, "ES256", headers={"kid": "none"}),
        "no key": jwt.encode(claims, issuer.key, "ES256"),
        "none": f"{_encoded({'alg': 'none', 'kid': issuer.key_id})}.{_encoded(claims)}.",
        "HS256 with the public key": _with_secret(claims, issuer),
        "expired": issuer.token(iat=now - 3600, nbf=now - 3600, exp=now - 60),
        "not valid yet": issuer.token(nbf=now + 600),
        "other issuer": issuer.token(iss="https://issuer.example"),
        "other environment": issuer.token(aud="waybill-prod"),
        "identity token": issuer.token(token_use="id"),
        "no role": issuer.token(roles=[]),
        "changed claims": _changed(issuer.token("reader")),
    }


def _with_secret(claims: dict[str, Any], issuer: Issuer) -> str:
    """HS256 with the published key as the secret; PyJWT itself refuses to sign so."""
    text = f"{_encoded({'alg': 'HS256', 'kid': issuer.key_id})}.{_encoded(claims)}"
    digest = hmac.new(issuer.jwks.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _changed(token: str) -> str:
    """The token with another role and its old signature."""
    header, _, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    return f"{header}.{_encoded({**claims, 'roles': ['admin']})}.{signature}"


def test_every_kind_of_invalid_token_is_refused(anybody: httpx.Client, issuer: Issuer) -> None:
    route = next(route for route in ROUTES if route.rule.role)
    for name, token in _bad_tokens(issuer).items():
        response = send(anybody, route, bearer(token))
        assert response.status_code == 401, name
        assert_problem(response, 401, "unauthorized")


def test_an_invalid_token_is_refused_on_every_route(anybody: httpx.Client) -> None:
    """The authorizer looks at the token only, whatever the route: a unit test has all pairs."""
    for route in (route for route in ROUTES if route.rule.role):
        assert_problem(send(anybody, route, bearer("nonsense")), 401, "unauthorized")


def test_refused_tokens_and_redrives_are_in_the_audit_log(
    http: httpx.Client, anybody: httpx.Client, issuer: Issuer, aws: Clients
) -> None:
    token = issuer.token(subject="auditor")
    refused = anybody.get("/jobs", headers=bearer("x.y.z"))
    assert refused.status_code == 401
    redriven = anybody.post("/admin/redrive", json={"queue": "chunks"}, headers=bearer(token))
    assert redriven.status_code == 200, redriven.text
    aws("lambda").invoke(FunctionName="waybill-local-reap", Payload=b"{}")
    entries = http.get("/audit-logs", params={"limit": 500}).json()["items"]
    assert any(entry["action"] == "token.refused" and entry["source"] for entry in entries)
    assert [entry["detail"] for entry in entries if entry["actor"] == "auditor"] == [
        {"queue": "chunks"}
    ]
