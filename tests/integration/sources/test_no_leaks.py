"""Credentials of sources are in no log line, row or answer, whatever the source does with them."""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from psycopg import sql

from functions.api.sources import check_source
from functions.pipeline.extract.handler import handle as extract
from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.sources.api_server import ApiServer, Fault
from tests.integration.sources.conftest import Api
from tests.integration.sources.leaks import Listener, is_in, kept
from tests.integration.sources.mariadb_server import MariaDb
from tests.integration.sources.runs import run_through
from tests.integration.sources.test_checks import FakeLambda
from tests.integration.sources.test_killed_runs import table
from tests.integration.sources.test_runs import job, started
from tests.postgres.databases import Connection, Database

_TOKEN, _CLIENT_SECRET = 'tok+1/"~%wharf', 's3cr+t/"~%quay'
_USER, _PASSWORD, _WRONG = "leak_reader", "p+ss/'~%pier-€", "wr+ng/'~%moor-€"
Heard = Callable[[], list[str]]
_SECRETS = (_TOKEN, _CLIENT_SECRET, _PASSWORD, _WRONG)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Heard]:
    """All that is printed and logged: Waybill's from DEBUG on, of libraries as on Lambda."""
    monkeypatch.setattr(check_source, "lambda_client", lambda: FakeLambda(_extract))
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("RESPONSE_SECONDS", "1")
    listener, root = Listener(), logging.getLogger()
    root.addHandler(listener)
    yield lambda: [*listener.lines, *capfd.readouterr()]
    root.removeHandler(listener)


def _extract(event: dict[str, Any]) -> dict[str, Any]:
    return dict(extract(event, Context()))


class Traces:
    """Runs and checks sources, and gives what they left."""

    def __init__(self, api: Api, cloud: Cloud, admin: Connection, heard: Heard) -> None:
        self._api, self._cloud, self._admin, self._heard = api, cloud, admin, heard
        self.texts: list[str] = []

    def create(self, kind: str, connection: dict[str, Any], name: str = "harbour") -> str:
        source = {"name": name, "kind": kind, "connection": connection, "dataset": "departments"}
        response = self._api("POST", "/data-sources", {**source, "retry": {"attempts": 1}})
        assert response.status == 201, response.text
        return str(response.json()["id"])

    def run(self, source_id: str) -> str:
        """The type of problem that a run has, or its state."""
        job_id = started(self._api, source_id)
        run_through(self._cloud)
        found = job(self._admin, job_id)
        self.texts += [str(found), self._api("GET", "/data-sources").text]
        return str((found.get("error") or {}).get("type") or found["state"])

    def check(self, source_id: str) -> int:
        response = self._api("POST", f"/data-sources/{source_id}/test")
        self.texts.append(response.text)
        return response.status

    def leaks(self) -> list[str]:
        heard = self._heard()
        assert any("extraction.failed" in text for text in heard)
        texts = [*self.texts, *kept(self._admin, self._cloud), *heard]
        return [text for text in texts if is_in(_SECRETS, text)]


@pytest.fixture
def traces(api: Api, cloud: Cloud, admin: Connection, heard: Heard) -> Traces:
    return Traces(api, cloud, admin, heard)


def faults() -> dict[str, tuple[Fault, str]]:
    """What an API does with the credentials that it was sent, and what the run says."""
    said = f"{quote(_TOKEN)}&{quote(_CLIENT_SECRET)}"
    broken = f"https://api.example/\r\n{_TOKEN} and {_CLIENT_SECRET}, without a colon"
    return {
        "refused": (Fault(401), "source-refused"),
        "forbidden": (Fault(403), "source-refused"),
        "late": (Fault(seconds=1.5), "source-timeout"),
        "elsewhere": (Fault(302, location=f"https://api.example/?{said}"), "source-refused"),
        "here": (Fault(307, location=f"/cursor?{said}"), ""),
        # The length is behind the line that is no header: the response has no end.
        "broken": (Fault(302, location=broken), "source-timeout"),
        "cut": (Fault(500, retry_after=_TOKEN), "source-server-error"),
    }


@pytest.mark.usefixtures("ignore_unknown")
@pytest.mark.parametrize("kind", ["header", "bearer", "oauth"])
def test_of_an_api(
    traces: Traces, remote: ApiServer, secret: Callable[..., str], kind: str
) -> None:
    remote.token, remote.clients, remote.echoes = _TOKEN, {"waybill": _CLIENT_SECRET}, True
    fields = {"client_id": "waybill", "client_secret": _CLIENT_SECRET}
    auth = {"kind": kind} | ({"token_url": f"{remote.url}/token"} if kind == "oauth" else {})
    source_id = traces.create("rest", {
        "url": f"{remote.url}/cursor", "records": "data",
        "pages": {"kind": "cursor", "next": "meta.next"}, "auth": auth,
        "secret_arn": secret(**(fields if kind == "oauth" else {"token": _TOKEN})),
    })  # fmt: skip
    assert traces.run(source_id) == "COMPLETED"
    assert traces.check(source_id) == 200
    for fault, expected in faults().values():
        # The first page is refused, and refused once more after the credentials were read again.
        remote.faults = [fault, fault] if fault.status == 401 else [fault]
        found = traces.run(source_id)
        assert found == expected or not expected, fault
        remote.faults = [fault, fault] if fault.status == 401 else [fault]
        assert traces.check(source_id) == (422 if expected else 200)
    remote.token, remote.clients, remote.faults = "another", {}, []
    assert traces.run(source_id) == "source-refused"
    assert traces.check(source_id) == 422
    assert traces.leaks() == []


def database_sources(place: dict[str, Any], wrong: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "COMPLETED", place
    yield "source-refused", {**place, "secret_arn": wrong}
    yield "source-refused", {**place, "database": "not_there"}
    yield "source-refused", {**place, "table": "not_there"}
    yield "source-unreachable", {**place, "port": 1}


def trace_databases(traces: Traces, place: dict[str, Any], secret: Callable[..., str]) -> None:
    arn = secret(username=_USER, password=_PASSWORD)
    wrong = secret(username=_USER, password=_WRONG)
    cases = database_sources({**place, "secret_arn": arn}, wrong)
    for number, (expected, connection) in enumerate(cases):
        source_id = traces.create("database", connection, f"harbour_{number}")
        assert traces.run(source_id) == expected, connection
        assert traces.check(source_id) == (200 if expected == "COMPLETED" else 422)


@pytest.mark.usefixtures("ignore_unknown")
def test_of_postgresql(
    traces: Traces, empty_database: Database, secret: Callable[..., str]
) -> None:
    place = table(empty_database.port, empty_database.name, engine="postgresql", incremental=None)
    with empty_database.connect() as legacy:
        role = sql.Identifier(_USER)
        legacy.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, _PASSWORD))
        try:
            legacy.execute("CREATE TABLE wards AS SELECT 1 AS id, 'Ward' AS department")
            legacy.execute(sql.SQL("GRANT SELECT ON wards TO {}").format(role))
            trace_databases(traces, place, secret)
        finally:
            legacy.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
    assert traces.leaks() == []


@pytest.mark.usefixtures("ignore_unknown")
def test_of_mariadb(traces: Traces, mariadb: MariaDb, secret: Callable[..., str]) -> None:
    quoted = _PASSWORD.replace("'", "''")
    mariadb.execute(
        f"CREATE OR REPLACE USER {_USER}@'127.0.0.1' IDENTIFIED BY '{quoted}'",
        "CREATE OR REPLACE TABLE legacy.wards AS SELECT 1 AS id, 'Ward' AS department",
        f"GRANT SELECT ON legacy.* TO {_USER}@'127.0.0.1'",
    )
    place = table(mariadb.port, "legacy", engine="mysql", incremental=None)
    trace_databases(traces, place, secret)
    assert traces.leaks() == []


@pytest.mark.parametrize("text", [
    f"token={_TOKEN}", f"/?key={quote(_TOKEN, safe='')}", repr({"token": _TOKEN}),
    *(b64encode(f"{name}:{_CLIENT_SECRET}".encode()).decode() for name in ("a", "ab", "abc")),
])  # fmt: skip
def test_a_leak_is_found(text: str) -> None:
    assert is_in(_SECRETS, text)
    assert not is_in(_SECRETS, "a line without any")
