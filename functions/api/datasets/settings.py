"""The environment of the step `datasets`."""

from waybill.settings import LogSettings, StateSettings


class DatasetsSettings(LogSettings, StateSettings):
    """The bucket that contracts are published to; no database."""
