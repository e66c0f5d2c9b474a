"""The environment of the step `merge`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LogSettings, StateSettings, WindowSettings


class MergeSettings(LogSettings, DatabaseSettings, StateSettings, WindowSettings):
    """Where jobs to merge come from, and where word of them goes."""

    chunks_queue_url: str = Field(description="Queue of chunks to stage, for what must be redone.")
    merges_queue_url: str = Field(description="Queue of jobs to merge, for what must wait.")
    event_bus_name: str = Field(default="default", description="Bus for finished jobs.")
