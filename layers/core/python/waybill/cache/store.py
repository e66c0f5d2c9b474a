"""What a cache can do. It may lose or delay anything: nothing relies on an entry being there."""

from typing import Protocol


class CacheStore(Protocol):
    """A store of bytes by key. No method raises: a store that is down has no entries."""

    def get(self, key: str) -> bytes | None:
        """The entry, or None if there is none."""

    def put(self, key: str, entry: bytes, seconds: float) -> None:
        """Keep the entry for so many seconds."""

    def claim(self, key: str, seconds: float) -> bool:
        """Whether the caller is the only one to claim the key within so many seconds."""

    def release(self, key: str) -> None:
        """Give up a claim."""
