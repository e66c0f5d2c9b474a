"""Environment of the function `analytics`."""

from waybill.settings import ApiSettings, CacheSettings, ReaderSettings, WaitSettings


class AnalyticsSettings(ApiSettings, ReaderSettings, CacheSettings, WaitSettings):
    """The database with the views, the cache, and bounds on waiting."""
