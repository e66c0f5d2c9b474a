"""Environment of the function `jobs`."""

from pydantic import Field

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

    merges_queue_url: str = Field(description="Queue of jobs to merge.")
