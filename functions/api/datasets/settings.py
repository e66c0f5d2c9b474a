"""Environment of the function `datasets`."""

from waybill.settings import ApiSettings, StateSettings


class DatasetsSettings(ApiSettings, StateSettings):
    """The bucket with the published contracts; no database."""
