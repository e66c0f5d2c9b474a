"""The environment of the step `migrate`."""

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class MigrateSettings(LogSettings, DatabaseSettings, StateSettings):
    """The database as its administrator, and the bucket that contracts are published to."""
