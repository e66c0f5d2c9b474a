"""The environment of the function `plan`."""

from pydantic import Field

from waybill.settings import (
    DatabaseSettings,
    FlowControlSettings,
    LandingSettings,
    LogSettings,
    SizeSettings,
    StateSettings,
)


class PlanSettings(
    LogSettings, DatabaseSettings, LandingSettings, StateSettings, FlowControlSettings, SizeSettings
):
    """The queues of objects, chunks and merges, and the sizes of a file and of a chunk."""

    landed_queue_url: str = Field(description="Queue of landed objects.")
    chunks_queue_url: str = Field(description="Queue of chunks to stage.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    chunk_bytes: int = Field(
        default=67_108_864, ge=1, description="Bytes of a chunk; it ends with the next record."
    )
