"""Environment of the function `analytics`."""

from waybill.settings import DatabaseSettings, LogSettings


class AnalyticsSettings(LogSettings, DatabaseSettings):
    """The database with the views."""
