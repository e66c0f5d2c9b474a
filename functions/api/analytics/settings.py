"""Environment of the function `analytics`."""

from waybill.settings import CacheSettings, DatabaseSettings, LogSettings


class AnalyticsSettings(LogSettings, DatabaseSettings, CacheSettings):
    """The database with the views, and the cache."""
