"""Environment of the function `sources`."""

from waybill.settings import ApiSettings, DatabaseSettings


class SourcesSettings(ApiSettings, DatabaseSettings):
    """The database."""
