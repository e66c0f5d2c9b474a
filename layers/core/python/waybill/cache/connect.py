"""The store that the settings name."""

from waybill.cache.in_process import InProcessStore
from waybill.cache.store import CacheStore
from waybill.settings import CacheSettings


def connect_cache(settings: CacheSettings) -> CacheStore:
    """The server at `cache_url`, or the memory of this process."""
    if not settings.cache_url:
        return InProcessStore()
    # Only functions with a server carry the client.
    from waybill.cache.valkey_store import ValkeyStore  # noqa: PLC0415

    return ValkeyStore(settings.cache_url)
