"""The environment of the step `documents`."""

from waybill.settings import DatabaseSettings, LogSettings


class DocumentsSettings(LogSettings, DatabaseSettings):
    """The documents' database."""
