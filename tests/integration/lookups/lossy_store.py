"""A cache that loses, delays and reorders what it is given, and serves what it had before."""

import random

_SHARE = 0.25


class LossyStore:
    """Keeps every promise of `CacheStore`, and nothing beyond.

    A put may be lost, or take effect later, after newer ones; a get may find nothing, or an
    earlier entry of the key, as from a replica that lags or a backup that was restored. Claims may
    be lost too.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._history: dict[str, list[bytes]] = {}
        self._delayed: list[tuple[str, bytes]] = []
        self.served_old = 0

    def get(self, key: str) -> bytes | None:
        entries = self._history.get(key)
        if not entries or self._happens():
            return None
        if len(entries) > 1 and self._happens():
            self.served_old += 1
            return self._chance.choice(entries[:-1])
        return entries[-1]

    def put(self, key: str, entry: bytes, seconds: float) -> None:
        assert seconds > 0
        if self._happens():
            return
        if self._happens():
            self._delayed.append((key, entry))
        else:
            self._history.setdefault(key, []).append(entry)
        if self._delayed and self._happens():
            self.deliver()

    def claim(self, key: str, seconds: float) -> bool:
        assert key
        return seconds > 0

    def release(self, key: str) -> None:
        assert key

    def deliver(self) -> None:
        """Let the delayed puts take effect, in any order."""
        self._chance.shuffle(self._delayed)
        for key, entry in self._delayed:
            self._history.setdefault(key, []).append(entry)
        self._delayed.clear()

    def _happens(self) -> bool:
        return self._chance.random() < _SHARE
