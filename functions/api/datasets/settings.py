"""Environment of the function `datasets`."""

from waybill.settings import LogSettings, StateSettings


class DatasetsSettings(LogSettings, StateSettings):
    """The bucket with the published contracts; no database."""
