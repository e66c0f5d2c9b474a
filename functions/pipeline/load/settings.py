"""Environment of the load step."""

from pydantic import Field

from waybill.settings import (
    DatabaseSettings,
    FlowControlSettings,
    LandingSettings,
    LogSettings,
    PersonalSettings,
)


class LoadSettings(
    LogSettings, DatabaseSettings, LandingSettings, FlowControlSettings, PersonalSettings
):
    """Queues, limits of compressed objects, and the block size."""

    chunks_queue_url: str = Field(description="Queue of chunks to stage.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    unpacked_bytes_limit: int = Field(
        default=21_474_836_480, ge=1, description="Maximum decompressed size of an object in bytes."
    )
    unpacked_ratio_limit: int = Field(
        default=200,
        ge=1,
        description="Maximum ratio of decompressed to compressed bytes, after the first 10 MiB.",
    )
    block_bytes: int = Field(
        default=1_048_576, ge=1, description="Bytes parsed and copied at a time."
    )
