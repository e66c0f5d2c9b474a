"""Environment of the function `jobs`."""

from waybill.settings import (
    LandingSettings,
    LogSettings,
    ReaderSettings,
    StateSettings,
    WaitSettings,
)


class JobsSettings(LogSettings, ReaderSettings, LandingSettings, StateSettings, WaitSettings):
    """The database, the upload tickets, the bucket for replays, and bounds on waiting."""
