"""Environment of the function `analytics`."""

from waybill.settings import CacheSettings, LogSettings, ReaderSettings, WaitSettings


class AnalyticsSettings(LogSettings, ReaderSettings, CacheSettings, WaitSettings):
    """The database with the views, the cache, and bounds on waiting."""
