"""Environment of the function `lookups`."""

from waybill.settings import CacheSettings, DatabaseSettings, LogSettings, StateSettings


class LookupsSettings(LogSettings, DatabaseSettings, StateSettings, CacheSettings):
    """The database, the bucket with the published contracts, and the cache."""
