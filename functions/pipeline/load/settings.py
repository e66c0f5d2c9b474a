"""Environment of the load step."""

from pydantic import Field

from waybill.settings import (
    DatabaseSettings,
    FlowControlSettings,
    LandingSettings,
    LogSettings,
    PersonalSettings,
    StateSettings,
    UnpackSettings,
)


class LoadSettings(
    LogSettings,
    DatabaseSettings,
    LandingSettings,
    FlowControlSettings,
    PersonalSettings,
    StateSettings,
    UnpackSettings,
):
    """Queues and the block size."""

    chunks_queue_url: str = Field(description="Queue of chunks to stage.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    export_file_bytes: int = Field(
        default=64 * 1024**2, ge=1, description="Size at which a file of an export ends."
    )
    block_bytes: int = Field(
        default=1_048_576, ge=1, description="Bytes parsed and copied at a time."
    )
