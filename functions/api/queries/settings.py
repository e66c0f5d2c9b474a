"""Environment of the function `queries`."""

from waybill.settings import ApiSettings, DatabaseSettings


class QueriesSettings(ApiSettings, DatabaseSettings):
    """The database."""
