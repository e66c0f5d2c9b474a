"""A cache server that processes share, and that may be down."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from functions.api.lookups.deps import deps
from tests.integration.lookups.conftest import Get
from tests.integration.lookups.processes import Process, name_of, shorten_leases, write
from tests.integration.lookups.valkey_server import ValkeyServer, running_server
from tests.postgres.databases import Database
from waybill.cache.connect import connect_cache
from waybill.cache.entries import Entries, Key
from waybill.cache.in_process import InProcessStore
from waybill.cache.store import CacheStore
from waybill.cache.valkey_store import ValkeyStore
from waybill.settings import CacheSettings

KEY = Key("users:email", {"values": {"email": "a"}}, "all")
URL = "/users/cached?email=email11@example.com"


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    with running_server(tmp_path) as started:
        yield started


@pytest.fixture
def connect(valkey: ValkeyServer) -> Iterator[Callable[[], ValkeyStore]]:
    """Stores of separate processes."""
    stores: list[ValkeyStore] = []

    def make() -> ValkeyStore:
        store = connect_cache(CacheSettings(cache_url=valkey.url))
        assert isinstance(store, ValkeyStore)
        stores.append(store)
        return store

    yield make
    for store in stores:
        store.close()


@pytest.fixture(params=["process", "server"])
def store(request: pytest.FixtureRequest) -> CacheStore:
    """Each kind of store: they keep the same promises."""
    if request.param == "process":
        return InProcessStore()
    made: CacheStore = request.getfixturevalue("connect")()
    return made


def test_entries_are_kept_replaced_and_expire(store: CacheStore) -> None:
    assert store.get("a") is None
    store.put("a", b"\x00\xff", 300)
    assert store.get("a") == b"\x00\xff"
    store.put("a", b"", 300)
    assert store.get("a") == b""
    store.put("a", b"2", 0.001)
    time.sleep(0.05)
    assert store.get("a") is None


def test_processes_share_entries(connect: Callable[[], ValkeyStore]) -> None:
    one, two = Entries(connect(), 300), Entries(connect(), 300)
    assert one.read(KEY, "1", lambda: "value") == ("value", False)
    assert two.read(KEY, "1", lambda: "other") == ("value", True)
    assert two.read(KEY, "2", lambda: "newer") == ("newer", False)


def test_a_claim_is_exclusive_until_it_is_released(connect: Callable[[], ValkeyStore]) -> None:
    one, two = connect(), connect()
    assert one.claim("a", 60)
    assert not two.claim("a", 60)
    assert two.claim("b", 60)
    one.release("a")
    assert two.claim("a", 60)


def test_a_server_that_is_down_costs_no_error(
    valkey: ValkeyServer, connect: Callable[[], ValkeyStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = connect()
    entries = Entries(store, 300)
    entries.read(KEY, "1", lambda: "1")
    valkey.stop()
    assert entries.read(KEY, "1", lambda: "2") == ("2", False)
    assert store.claim("a", 60)
    # It is tried again after a pause.
    valkey.start()
    assert entries.read(KEY, "1", lambda: "3") == ("3", False)
    monkeypatch.setattr(store, "_pause_ends", 0.0)
    assert entries.read(KEY, "1", lambda: "4") == ("4", False)
    assert entries.read(KEY, "1", lambda: "5") == ("4", True)


def test_a_server_that_hangs_costs_no_error(
    valkey: ValkeyServer, connect: Callable[[], ValkeyStore]
) -> None:
    store = connect()
    entries = Entries(store, 300)
    assert entries.read(KEY, "1", lambda: "1") == ("1", False)
    with valkey.hanging():
        assert entries.read(KEY, "1", lambda: "2") == ("2", False)
        # It is left alone for a while.
        assert store._is_paused()


def test_a_server_that_was_never_there_is_tried_once(caplog: pytest.LogCaptureFixture) -> None:
    store = ValkeyStore("valkey://127.0.0.1:1/0")
    for number in range(5):
        read = Entries(store, 300).read(KEY, "1", partial(str, number))
        assert read.value == str(number)
    store.close()
    assert [record.getMessage() for record in caplog.records] == ["cache.unavailable"]


@pytest.mark.usefixtures("users")
def test_the_function_uses_the_server_and_works_without_it(
    get: Get, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_URL", valkey.url)
    deps.cache_clear()

    def status() -> Any:
        found = get(URL)
        assert found.status == 200
        return found.json()["cache_status"]

    assert [status(), status()] == ["miss", "hit"]
    deps().database.close()
    deps.cache_clear()
    # Another process.
    assert status() == "hit"
    valkey.stop()
    assert status() == "miss"


def test_a_shared_server_serves_no_stale_row(
    database: Database, connect: Callable[[], ValkeyStore]
) -> None:
    shorten_leases(database)
    processes = [Process(database, connect()) for _ in range(2)]
    statuses = set()
    with database.connect("api") as writer:
        for number in range(1, 16):
            write(writer, 1, number)
            for process in (*processes, *processes):
                found = process.read(1)
                statuses.add(found.cache_status)
                assert name_of(found) == number
    for process in processes:
        process.close()
    assert "hit" in statuses
