"""Environment of the function `queries`."""

from waybill.settings import DatabaseSettings, LogSettings


class QueriesSettings(LogSettings, DatabaseSettings):
    """The database."""
