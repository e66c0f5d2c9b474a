"""Environment of the function `lookups`."""

from pydantic import Field

from waybill.settings import ApiSettings, CacheSettings, DatabaseSettings, StateSettings


class LookupsSettings(ApiSettings, DatabaseSettings, StateSettings, CacheSettings):
    """The database, the state bucket, the cache, and the queue of exports."""

    chunks_queue_url: str = Field(description="Queue of chunks and exports.")
