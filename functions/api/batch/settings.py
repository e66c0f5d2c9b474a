"""Environment of the function `batch`."""

from pydantic import Field

from waybill.settings import ApiSettings, DatabaseSettings, PersonalSettings, StateSettings


class BatchSettings(ApiSettings, DatabaseSettings, PersonalSettings, StateSettings):
    """The database, and where finished jobs are published."""

    merges_queue_url: str = Field(description="Queue of jobs to merge, for unblocked jobs.")
    event_bus_name: str = Field(default="default", description="Event bus for finished jobs.")
