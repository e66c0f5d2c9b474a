"""Entries: a value, the key that it belongs to, and the version of the data it was read from."""

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from waybill.cache.single_flight import SingleFlight
from waybill.cache.store import CacheStore
from waybill.usage import USAGE

# Entries that are written together do not all expire together.
_JITTER = 0.1
_CLAIM_SECONDS = 1.0
_WAITS = 10
_WAIT_SECONDS = 0.01
# A larger one would drop many others, and take longer to send than to read again.
_MAX_ENTRY_BYTES = 1024 * 1024
Load = Callable[[], str | None]


class Key(NamedTuple):
    """What an entry is the response to, and for whom.

    `audience` distinguishes callers who see different values, so that the entry of one is never
    served to another.
    """

    subject: str
    """`users:email`: readable, and without values."""
    parameters: Mapping[str, Any]
    audience: str

    def text(self) -> str:
        """All of it, in one way only: keys are equal if and only if their texts are."""
        return json.dumps([self.subject, self.parameters, self.audience], sort_keys=True)

    def name(self) -> str:
        """The name in the store. Values are hashed: they may be personal, and of any length."""
        digest = hashlib.sha256(self.text().encode()).hexdigest()
        return f"waybill:{self.subject}:{digest}"


class Cached(NamedTuple):
    """A value, and whether it was in the cache."""

    value: str | None
    hit: bool


class Entries:
    """Values by key and version. A value of another version is not served, however it got there."""

    def __init__(self, store: CacheStore, ttl_seconds: float) -> None:
        self._store = store
        self._ttl_seconds = ttl_seconds
        self._flights = SingleFlight()

    def read(self, key: Key, version: str, load: Load) -> Cached:
        """The value of the key; on a miss it is loaded once, and also None is kept.

        Args:
            key: the key to read.
            version: the version of the data, known before `load` reads them. A value that is
                newer than its version is dropped with it, which costs a read.
            load: reads the value from the database.
        """
        cached = self._read(key, version, load)
        USAGE.cached(hit=cached.hit)
        return cached

    def _read(self, key: Key, version: str, load: Load) -> Cached:
        name = key.name()
        if cached := self._get(name, key, version):
            return cached
        with self._flights.only_one(name):
            if cached := self._get(name, key, version):
                return cached
            claim_ends = time.monotonic() + _CLAIM_SECONDS
            claimed = self._store.claim(name, _CLAIM_SECONDS)
            if not claimed and (cached := self._await(name, key, version)):
                return cached
            try:
                value = load()
                self._put(name, key, version, value)
            finally:
                # The claim of another process is left to it.
                if claimed and time.monotonic() < claim_ends:
                    self._store.release(name)
        return Cached(value, hit=False)

    def _await(self, name: str, key: Key, version: str) -> Cached | None:
        """The entry that another process is writing; None if that takes too long."""
        for _ in range(_WAITS):
            time.sleep(_WAIT_SECONDS)
            if cached := self._get(name, key, version):
                return cached
        return None

    def _get(self, name: str, key: Key, version: str) -> Cached | None:
        stored = self._store.get(name)
        if stored is None:
            return None
        try:
            entry = json.loads(stored)
            # The key is compared too: two keys may have the same name.
            if entry["key"] == key.text() and entry["version"] == version:
                value = entry["value"]
                return Cached(value, hit=True) if isinstance(value, str | None) else None
        except (ValueError, KeyError, TypeError):
            # It was not written by `_put`.
            return None
        return None

    def _put(self, name: str, key: Key, version: str, value: str | None) -> None:
        entry = json.dumps({"key": key.text(), "version": version, "value": value}).encode()
        if len(entry) > _MAX_ENTRY_BYTES:
            return
        seconds = self._ttl_seconds * random.uniform(1 - _JITTER, 1)  # noqa: S311 - jitter
        self._store.put(name, entry, seconds)
