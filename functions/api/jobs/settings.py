"""Environment of the function `jobs`."""

from waybill.settings import (
    ApiSettings,
    LandingSettings,
    PersonalSettings,
    ReaderSettings,
    StateSettings,
    WaitSettings,
)


class JobsSettings(
    ApiSettings, ReaderSettings, LandingSettings, PersonalSettings, StateSettings, WaitSettings
):
    """The database, tickets, replays, the key of encrypted rejects, and bounds on waiting."""
