"""Environment of the function `documents`."""

from waybill.settings import ApiSettings, DatabaseSettings


class DocumentsSettings(ApiSettings, DatabaseSettings):
    """The database."""
