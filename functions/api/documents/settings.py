"""Environment of the function `documents`."""

from waybill.settings import DatabaseSettings, LogSettings


class DocumentsSettings(LogSettings, DatabaseSettings):
    """The database."""
