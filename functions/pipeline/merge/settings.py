"""The environment of the function `merge`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, FlowControlSettings, LogSettings, StateSettings


class MergeSettings(LogSettings, DatabaseSettings, StateSettings, FlowControlSettings):
    """The queues of jobs and of chunks, and the event bus of finished jobs."""

    chunks_queue_url: str = Field(description="Queue of chunks to stage.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    event_bus_name: str = Field(default="default", description="Event bus of finished jobs.")
