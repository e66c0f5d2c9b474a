"""Environment of the function `jobs`."""

from waybill.settings import DatabaseSettings, LandingSettings, LogSettings, StateSettings


class JobsSettings(LogSettings, DatabaseSettings, LandingSettings, StateSettings):
    """The database, the upload tickets, and the bucket for replays."""
