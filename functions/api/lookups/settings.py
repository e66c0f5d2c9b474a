"""Environment of the function `lookups`."""

from waybill.settings import ApiSettings, CacheSettings, DatabaseSettings, StateSettings


class LookupsSettings(ApiSettings, DatabaseSettings, StateSettings, CacheSettings):
    """The database, the bucket with the published contracts, and the cache."""
