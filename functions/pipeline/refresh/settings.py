"""The environment of the function `refresh`."""

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class RefreshSettings(LogSettings, DatabaseSettings, StateSettings):
    """The database of the views, and the bucket with the wake-up markers."""
