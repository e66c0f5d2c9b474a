"""Entries: hits by key and version, and nothing else."""

import json
import threading
import time
from collections.abc import Callable

import pytest

from waybill.cache.connect import connect_cache
from waybill.cache.entries import Entries, Key
from waybill.cache.in_process import InProcessStore
from waybill.settings import CacheSettings


def key(value: str, audience: str = "all", subject: str = "users:email") -> Key:
    return Key(subject, {"values": {"email": value}}, audience)


def fixed(value: str | None) -> Callable[[], str | None]:
    return lambda: value


@pytest.fixture
def entries() -> Entries:
    return Entries(InProcessStore(), 300)


@pytest.mark.parametrize("value", ["1", "", None, "null", "é\U0001f600"])
def test_a_value_is_loaded_once(entries: Entries, value: str | None) -> None:
    assert entries.read(key("a"), "1", fixed(value)) == (value, False)
    assert entries.read(key("a"), "1", fixed("other")) == (value, True)


def test_another_version_is_a_miss_and_replaces(entries: Entries) -> None:
    entries.read(key("a"), "1", fixed("old"))
    assert entries.read(key("a"), "2", fixed("new")) == ("new", False)
    assert entries.read(key("a"), "2", fixed("other")) == ("new", True)


@pytest.mark.parametrize(
    "other",
    [key("b"), key("a", audience="masked"), key("a", subject="users:name"), key("a:b"), key("")],
)
def test_another_key_or_audience_is_a_miss(entries: Entries, other: Key) -> None:
    entries.read(key("a"), "1", fixed("of a"))
    assert entries.read(other, "1", fixed("own")) == ("own", False)


def test_a_separator_within_a_value_does_not_split_it() -> None:
    one = Key("t:c", {"values": {"a": "1", "b": "2"}}, "all")
    two = Key("t:c", {"values": {"a": '1", "b": "2'}}, "all")
    assert one.name() != two.name()


def test_values_are_not_in_the_name() -> None:
    assert "ada@example.com" not in key("ada@example.com").name()
    assert key("ada@example.com").name().startswith("waybill:users:email:")


@pytest.mark.parametrize(
    "stored", [b"", b"\xff", b"[]", b"7", b'{"key": 1}', json.dumps({"version": "1"}).encode()]
)
def test_an_entry_of_another_kind_is_a_miss(stored: bytes) -> None:
    store = InProcessStore()
    store.put(key("a").name(), stored, 300)
    assert Entries(store, 300).read(key("a"), "1", fixed("1")) == ("1", False)


def test_an_entry_under_the_name_of_another_key_is_a_miss() -> None:
    store = InProcessStore()
    entries = Entries(store, 300)
    entries.read(key("a"), "1", fixed("of a"))
    poisoned = store.get(key("a").name())
    assert poisoned
    store.put(key("b").name(), poisoned, 300)
    assert entries.read(key("b"), "1", fixed("of b")) == ("of b", False)


def test_an_error_is_not_cached(entries: Entries) -> None:
    def fail() -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        entries.read(key("a"), "1", fail)
    assert entries.read(key("a"), "1", fixed("1")) == ("1", False)


def test_concurrent_misses_load_once(entries: Entries) -> None:
    loads: list[int] = []
    gate = threading.Barrier(8)

    def load() -> str:
        loads.append(1)
        time.sleep(0.05)
        return "1"

    def read() -> None:
        gate.wait()
        assert entries.read(key("a"), "1", load).value == "1"

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


def test_a_load_by_another_process_is_awaited() -> None:
    class Claimed(InProcessStore):
        def claim(self, name: str, seconds: float) -> bool:
            assert seconds > 0
            # Meanwhile, the other process writes it.
            Entries(shared, 300)._put(name, key("a"), "1", "theirs")
            return False

    shared = InProcessStore()
    store = Claimed()
    store.get = shared.get  # type: ignore[method-assign]
    assert Entries(store, 300).read(key("a"), "1", fixed("own")) == ("theirs", True)


def test_a_claim_that_is_never_released_only_delays() -> None:
    class Stuck(InProcessStore):
        def claim(self, name: str, seconds: float) -> bool:
            return bool(name) and seconds < 0

    assert Entries(Stuck(), 300).read(key("a"), "1", fixed("1")) == ("1", False)


class Claims(InProcessStore):
    """Records who releases what; another process holds the claim unless `free`."""

    def __init__(self, *, free: bool) -> None:
        super().__init__()
        self.free = free
        self.released: list[str] = []

    def claim(self, key: str, seconds: float) -> bool:
        assert key
        assert seconds > 0
        return self.free

    def release(self, key: str) -> None:
        self.released.append(key)


def test_a_claim_is_released_by_the_process_that_made_it_only() -> None:
    own, others = Claims(free=True), Claims(free=False)
    for store in (own, others):
        assert Entries(store, 300).read(key("a"), "1", fixed("1")) == ("1", False)
    assert (own.released, others.released) == ([key("a").name()], [])


def test_a_claim_that_has_expired_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    store = Claims(free=True)

    def load_slowly() -> str:
        nonlocal now
        now += 5
        return "1"

    assert Entries(store, 300).read(key("a"), "1", load_slowly) == ("1", False)
    assert store.released == []


def test_a_value_that_is_too_large_is_loaded_each_time_and_displaces_nothing() -> None:
    entries = Entries(InProcessStore(), 300)
    entries.read(key("small"), "1", fixed("1"))
    large = "x" * 2_000_000
    for _ in range(2):
        assert entries.read(key("large"), "1", fixed(large)) == (large, False)
    assert entries.read(key("small"), "1", fixed("2")) == ("1", True)


def test_memory_stays_bounded_with_any_number_of_keys() -> None:
    store = InProcessStore(max_bytes=100_000)
    entries = Entries(store, 300)
    for number in range(2_000):
        entries.read(key(str(number)), "1", fixed(None if number % 2 else "x" * number))
    assert 50_000 < store._bytes <= 100_000
    assert store._bytes == sum(len(entry) + 300 for _, entry in store._entries.values())
    assert len(entries._flights._flights) == 0


def test_ttls_vary_and_never_exceed_the_setting() -> None:
    lives: list[float] = []

    class Recording(InProcessStore):
        def put(self, name: str, entry: bytes, seconds: float) -> None:
            assert name
            assert entry
            lives.append(seconds)

    entries = Entries(Recording(), 300)
    for number in range(50):
        entries.read(key(str(number)), "1", fixed("1"))
    assert 270 <= min(lives) < max(lives) <= 300
    assert len(set(lives)) > 40


def test_the_oldest_entries_are_evicted() -> None:
    store = InProcessStore(max_bytes=2000)
    for name in ("a", "b", "c", "d"):
        store.put(name, b"x" * 200, 300)
        store.get("a")
    store.put("e", b"x" * 200, 300)
    assert [name for name in "abcde" if store.get(name)] == ["a", "c", "d", "e"]
    store.put("f", b"x" * 3000, 300)
    assert store.get("f") is None
    assert store.get("a") is not None


def test_expired_entries_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    store = InProcessStore()
    store.put("a", b"1", 10)
    assert store.get("a") == b"1"
    now += 10
    assert store.get("a") is None


def test_without_a_url_the_cache_is_in_the_process() -> None:
    assert isinstance(connect_cache(CacheSettings()), InProcessStore)
