"""The environment of the step `batch`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class BatchSettings(LogSettings, DatabaseSettings, StateSettings):
    """Where rows go, and where word of them goes."""

    merges_queue_url: str = Field(description="Queue of jobs to merge, for those that waited.")
    event_bus_name: str = Field(default="default", description="Bus for finished jobs.")
