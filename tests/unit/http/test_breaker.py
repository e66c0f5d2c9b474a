"""Requests are refused at once while the database cannot be reached."""

from collections.abc import Callable

import psycopg
import pytest

from waybill.database import connect as connecting
from waybill.errors import OutOfResources, Retryable, Unavailable
from waybill.http.breaker import Breaker
from waybill.http.persistent_connection import PersistentConnection
from waybill.settings import DatabaseSettings

FULL = "FATAL:  sorry, too many clients already"
AWAY = "connection refused"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Server:
    """A database that fails to be connected to; counts the attempts."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.attempts = 0

    def connect(self, *_args: object, **_parameters: object) -> None:
        self.attempts += 1
        raise psycopg.OperationalError(self.message)


Make = Callable[[str, Clock], tuple[Server, PersistentConnection]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    def made(message: str, clock: Clock) -> tuple[Server, PersistentConnection]:
        server = Server(message)
        monkeypatch.setattr(psycopg, "connect", server.connect)
        monkeypatch.setattr(connecting, "_passwords", lambda _: iter(["secret"]))
        monkeypatch.setattr("waybill.http.persistent_connection._PATIENCE_SECONDS", 0.3)
        settings = DatabaseSettings(database_host="db", database_user="u")
        return server, PersistentConnection(settings, "test", Breaker(clock))

    return made


def ask(persistent: PersistentConnection) -> None:
    persistent.run(lambda connection: connection.execute("SELECT 1"))


@pytest.mark.parametrize(("message", "kind"), [(AWAY, Unavailable), (FULL, OutOfResources)])
def test_requests_after_a_failed_one_do_not_reach_the_server(
    make: Make, message: str, kind: type[Retryable]
) -> None:
    server, persistent = make(message, Clock())
    with pytest.raises(kind) as first:
        ask(persistent)
    attempts = server.attempts
    for _ in range(100):
        with pytest.raises(kind) as refused:
            ask(persistent)
    assert server.attempts == attempts
    assert refused.value.code == first.value.code
    assert refused.value.status == 503


def test_a_server_without_connections_gets_a_single_attempt(make: Make) -> None:
    server, persistent = make(FULL, Clock())
    with pytest.raises(OutOfResources):
        ask(persistent)
    assert server.attempts == 1


def test_whoever_obeys_retry_after_is_tried_with_a_single_attempt(make: Make) -> None:
    clock = Clock()
    server, persistent = make(AWAY, clock)
    with pytest.raises(Unavailable):
        ask(persistent)
    before = server.attempts
    for rounds in (1, 2, 3):
        clock.now += Unavailable.retry_after_seconds
        for _ in range(10):
            with pytest.raises(Unavailable):
                ask(persistent)
        assert server.attempts == before + rounds


def test_after_a_success_attempts_are_not_refused() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    with pytest.raises(Unavailable), breaker.attempt():
        raise Unavailable("database-unavailable", "away")
    clock.now += Unavailable.retry_after_seconds
    with breaker.attempt():
        assert breaker.has_failed
    with breaker.attempt():
        assert not breaker.has_failed


def test_other_errors_do_not_refuse_later_attempts() -> None:
    breaker = Breaker(Clock())
    with pytest.raises(ZeroDivisionError), breaker.attempt():
        raise ZeroDivisionError
    with breaker.attempt():
        assert not breaker.has_failed
