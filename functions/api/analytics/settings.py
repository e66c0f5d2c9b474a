"""Environment of the function `analytics`."""

from waybill.settings import CacheSettings, DatabaseSettings, LogSettings, WaitSettings


class AnalyticsSettings(LogSettings, DatabaseSettings, CacheSettings, WaitSettings):
    """The database with the views, the cache, and bounds on waiting."""
