"""Environment of the function `sources`."""

from waybill.settings import DatabaseSettings, LogSettings


class SourcesSettings(LogSettings, DatabaseSettings):
    """The database."""
