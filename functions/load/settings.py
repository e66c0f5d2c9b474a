"""The environment of the step `load`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LandingSettings, LogSettings, WindowSettings


class LoadSettings(LogSettings, DatabaseSettings, LandingSettings, WindowSettings):
    """Where chunks come from, and how much of one is in memory at a time."""

    chunks_queue_url: str = Field(description="Queue of chunks to stage, for what must wait.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    block_bytes: int = Field(
        default=1_048_576, ge=1, description="Bytes that are parsed and copied at a time."
    )
