"""The environment of the function `plan`."""

from pydantic import Field

from waybill.settings import (
    DatabaseSettings,
    FlowControlSettings,
    LandingSettings,
    LogSettings,
    SizeSettings,
    StateSettings,
    UnpackSettings,
)


class PlanSettings(
    LogSettings,
    DatabaseSettings,
    LandingSettings,
    StateSettings,
    FlowControlSettings,
    SizeSettings,
    UnpackSettings,
):
    """The queues of objects, chunks and merges, and the limits of files, archives and chunks."""

    landed_queue_url: str = Field(description="Queue of landed objects.")
    chunks_queue_url: str = Field(description="Queue of chunks to stage.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    archive_members_limit: int = Field(
        default=1000, ge=1, le=10_000, description="Maximum number of files in an archive."
    )
    unpack_seconds: float = Field(
        default=120.0, ge=0, description="Seconds after which another call goes on unpacking."
    )
    chunk_bytes: int = Field(
        default=67_108_864,
        ge=1,
        description="Bytes of a chunk at most; it ends with the next record.",
    )
