"""The environment of the step `jobs`."""

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class JobsSettings(LogSettings, DatabaseSettings, StateSettings):
    """The jobs' database, and the bucket that keeps the tickets of awaited uploads."""
