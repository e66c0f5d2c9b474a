"""The environment of the step `plan`."""

from pydantic import Field

from waybill.settings import (
    DatabaseSettings,
    LandingSettings,
    LogSettings,
    StateSettings,
    WindowSettings,
)


class PlanSettings(LogSettings, DatabaseSettings, LandingSettings, StateSettings, WindowSettings):
    """Where objects come from, and where their chunks go."""

    landed_queue_url: str = Field(description="Queue of landed objects, for what must wait.")
    chunks_queue_url: str = Field(description="Queue of chunks to stage.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    chunk_bytes: int = Field(
        default=67_108_864, ge=1, description="Bytes of a chunk, before it ends with a record."
    )
