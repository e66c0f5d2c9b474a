"""Environment of the function `jobs`."""

from waybill.settings import (
    DatabaseSettings,
    LandingSettings,
    LogSettings,
    StateSettings,
    WaitSettings,
)


class JobsSettings(LogSettings, DatabaseSettings, LandingSettings, StateSettings, WaitSettings):
    """The database, the upload tickets, the bucket for replays, and bounds on waiting."""
