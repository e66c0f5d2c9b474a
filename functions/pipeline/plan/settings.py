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
    archive_members_limit: int = Field(
        default=1000, ge=1, le=10_000, description="Maximum number of files in an archive."
    )
    unpacked_bytes_limit: int = Field(
        default=21_474_836_480,
        ge=1,
        description="Maximum decompressed size of the files in an archive in bytes.",
    )
    unpacked_ratio_limit: int = Field(
        default=200,
        ge=1,
        description="Maximum ratio of decompressed to compressed bytes, after the first 10 MiB.",
    )
    unpack_seconds: float = Field(
        default=120.0, ge=0, description="Seconds after which another call goes on unpacking."
    )
    chunk_bytes: int = Field(
        default=67_108_864, ge=1, description="Bytes of a chunk; it ends with the next record."
    )
