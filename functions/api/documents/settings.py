"""Environment of the function `documents`."""

from waybill.settings import ApiSettings, DatabaseSettings, PersonalSettings, StateSettings


class DocumentsSettings(ApiSettings, DatabaseSettings, PersonalSettings, StateSettings):
    """The database, the state bucket, and the key of encrypted rejects."""
