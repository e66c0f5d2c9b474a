"""The environment of the step `jobs`."""

from waybill.settings import DatabaseSettings, LandingSettings, LogSettings, StateSettings


class JobsSettings(LogSettings, DatabaseSettings, LandingSettings, StateSettings):
    """The jobs' database, the tickets of awaited uploads, and where replays land."""
