"""Environment of the function `jobs`."""

from waybill.settings import (
    ApiSettings,
    LandingSettings,
    ReaderSettings,
    StateSettings,
    WaitSettings,
)


class JobsSettings(ApiSettings, ReaderSettings, LandingSettings, StateSettings, WaitSettings):
    """The database, the upload tickets, the bucket for replays, and bounds on waiting."""
