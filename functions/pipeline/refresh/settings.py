"""The environment of the step `refresh`."""

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class RefreshSettings(LogSettings, DatabaseSettings, StateSettings):
    """The views' database, and the bucket whose marks say that something is stale."""
