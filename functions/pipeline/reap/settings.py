"""The environment of the function `reap`."""

from pydantic import Field

from waybill.settings import (
    DatabaseSettings,
    FlowControlSettings,
    LandingSettings,
    LogSettings,
    StateSettings,
)


class ReapSettings(
    LogSettings, DatabaseSettings, LandingSettings, StateSettings, FlowControlSettings
):
    """When a job counts as stalled, and the queues its messages go to."""

    landed_queue_url: str = Field(description="Queue of landed objects.")
    chunks_queue_url: str = Field(description="Queue of chunks to stage.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    idle_minutes: int = Field(
        default=10,
        ge=0,
        description="Minutes until the messages of an untouched job are sent again.",
    )
    stuck_minutes: int = Field(
        default=15,
        ge=1,
        description="Minutes without success until an open job counts as not moving.",
    )
    copy_minutes: int = Field(
        default=5, ge=0, description="Minutes until a COPY that does not move is ended."
    )
