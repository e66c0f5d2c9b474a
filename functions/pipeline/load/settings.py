"""The environment of the step `load`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LandingSettings, LogSettings, WindowSettings


class LoadSettings(LogSettings, DatabaseSettings, LandingSettings, WindowSettings):
    """Where chunks come from, and how much of one is in memory at a time."""

    chunks_queue_url: str = Field(description="Queue of chunks to stage, for what must wait.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    unpacked_bytes_limit: int = Field(
        default=21_474_836_480, ge=1, description="Bytes that may come out of a compressed object."
    )
    unpacked_ratio_limit: int = Field(
        default=200,
        ge=1,
        description="Bytes out of a compressed object for each byte of it, after the first 10 MiB.",
    )
    block_bytes: int = Field(
        default=1_048_576, ge=1, description="Bytes that are parsed and copied at a time."
    )
