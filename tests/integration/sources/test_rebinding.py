"""A name that leads elsewhere after it was checked (DNS rebinding), and redirects, lead nowhere.

The public host is at 127.0.0.1, which the guard allows; 127.0.0.2 stands for a private network.
"""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from functions.pipeline.extract.read_mysql import read_mysql
from functions.pipeline.extract.read_postgresql import read_postgresql
from functions.pipeline.extract.source_error import SourceError
from infra.local.bootstrap import ADMIN
from tests.integration.sources import mariadb_server
from tests.integration.sources.api_server import ApiServer, Fault, serving
from tests.integration.sources.mariadb_server import MariaDb
from tests.postgres.databases import PASSWORD, Database
from waybill.outbound.address import Guard
from waybill.outbound.error import OutboundError
from waybill.outbound.http import GuardedHttp, Limits, Request
from waybill.sources.connections import DatabaseConnection

_NAME = "rebinding.example"
_PUBLIC, _PRIVATE = "127.0.0.1", "127.0.0.2"
GUARD = Guard.of(f"{_PUBLIC}/32", plain_http=True)
Answers = Callable[..., list[str]]


@pytest.fixture
def resolve_to(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Call it with addresses: each resolution of the name has the next one, the last for ever."""
    real = socket.getaddrinfo

    def resolve_to(*addresses: str) -> list[str]:
        left, given = list(addresses), []

        def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            if host != _NAME:
                return real(host, *args, **kwargs)
            given.append(left.pop(0) if len(left) > 1 else left[0])
            return real(given[-1], *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return given

    return resolve_to


@pytest.fixture
def public() -> Iterator[ApiServer]:
    with serving([{"id": 1}]) as server:
        yield server


@pytest.fixture
def private(public: ApiServer) -> Iterator[ApiServer]:
    """A server on the same port of the private network."""
    with serving([{"id": 2}], place=(_PRIVATE, public.server_address[1])) as server:
        yield server


def send(public: ApiServer) -> bytes:
    url = f"http://{_NAME}:{public.server_address[1]}/offset"
    return GuardedHttp(GUARD, Limits(10**6, 5)).send(Request(url)).body


def test_the_address_that_was_checked_is_connected_to(
    public: ApiServer, private: ApiServer, resolve_to: Answers
) -> None:
    given = resolve_to(_PUBLIC, _PRIVATE)
    assert b'"id": 1' in send(public)
    assert given == [_PUBLIC]
    with pytest.raises(OutboundError, match="not public"):
        send(public)
    assert private.requests == []


def test_a_redirect_on_the_host_is_checked_again(
    public: ApiServer, private: ApiServer, resolve_to: Answers
) -> None:
    resolve_to(_PUBLIC, _PRIVATE)
    public.faults = [Fault(307, location="/cursor")]
    with pytest.raises(OutboundError, match="not public"):
        send(public)
    assert (len(public.requests), private.requests) == (1, [])


@pytest.mark.parametrize(
    "location",
    [
        "http://other.example/", "//other.example/", "https://{name}:{port}/", "http://{name}/",
        "http://{private}:{port}/", "http://{public}:{port}/", "http://{name}:{port}@other.example/",
        "file:///etc/passwd", "http://{name}.other.example:{port}/",
    ],
)  # fmt: skip
def test_a_redirect_to_another_host_is_refused(
    public: ApiServer, private: ApiServer, resolve_to: Answers, location: str
) -> None:
    given = resolve_to(_PUBLIC)
    port = public.server_address[1]
    target = location.format(name=_NAME, port=port, private=_PRIVATE, public=_PUBLIC)
    public.faults = [Fault(302, location=target)]
    with pytest.raises(OutboundError) as refused:
        send(public)
    assert refused.value.reason == "refused"
    assert (given, len(public.requests), private.requests) == ([_PUBLIC], 1, [])


def database(port: int, name: str, **given: Any) -> DatabaseConnection:
    return DatabaseConnection.model_validate(
        {"host": _NAME, "port": port, "database": name, "query": "SELECT 1 AS id", "key": ["id"],
         "tls": "disable", "secret_arn": "arn", **given}
    )  # fmt: skip


def test_databases_are_connected_to_where_they_were_checked(
    resolve_to: Answers, mariadb: MariaDb, empty_database: Database
) -> None:
    # libpq would resolve the name by itself, and not find it.
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=_NAME, port=empty_database.port)
    sources = [
        (read_postgresql, database(empty_database.port, empty_database.name, engine="postgresql"),
         {"username": ADMIN, "password": PASSWORD}),
        (read_mysql, database(mariadb.port, "legacy", engine="mysql"),
         {"username": mariadb_server.USER, "password": mariadb_server.PASSWORD}),
    ]  # fmt: skip
    for read, connection, credentials in sources:
        given = resolve_to(_PUBLIC, _PRIVATE)
        (page,) = read(GUARD, connection, credentials, None)
        assert len(page.records) == 1
        assert given == [_PUBLIC]
        with pytest.raises(SourceError, match="not public"):
            list(read(GUARD, connection, credentials, None))


@pytest.mark.parametrize(
    "name", [f"hostaddr={_PRIVATE} dbname=postgres", f"postgresql://{_PRIVATE}/postgres"]
)
def test_the_name_of_a_database_leads_to_no_other_host(
    empty_database: Database, name: str, resolve_to: Answers
) -> None:
    resolve_to(_PUBLIC)
    connection = database(empty_database.port, name, engine="postgresql")
    credentials = {"username": ADMIN, "password": PASSWORD}
    with pytest.raises(SourceError) as refused:
        list(read_postgresql(GUARD, connection, credentials, None))
    # The server that was checked has no database of that name.
    assert (refused.value.reason, "has no database" in refused.value.detail) == ("refused", True)
