"""Environment of the function `documents`."""

from waybill.settings import ApiSettings, DatabaseSettings, PersonalSettings


class DocumentsSettings(ApiSettings, DatabaseSettings, PersonalSettings):
    """The database, and the key of encrypted rejects."""
