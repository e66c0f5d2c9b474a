"""The environment of the step `analytics`."""

from waybill.settings import DatabaseSettings, LogSettings


class AnalyticsSettings(LogSettings, DatabaseSettings):
    """The views' database."""
