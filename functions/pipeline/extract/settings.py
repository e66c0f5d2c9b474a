"""The environment of the function `extract`."""

from pydantic import Field

from waybill.settings import LandingSettings, LogSettings, StateSettings


class ExtractSettings(LogSettings, LandingSettings, StateSettings):
    """The queue of the runs, and what a source may reach and send."""

    extracts_queue_url: str = Field(description="Queue of runs of sources.")
    source_networks: str = Field(
        default="",
        description="Networks that are not public and that sources may reach: `10.1.0.0/16,…`.",
    )
    source_plain_http: bool = Field(
        default=False, description="Whether sources may be read without TLS; for tests only."
    )
    source_secrets: str = Field(description="Secrets of sources have names that begin so.")
    max_response_bytes: int = Field(
        default=64 * 1024**2, ge=1024, description="Size limit of one response of a source."
    )
    response_seconds: float = Field(
        default=60, gt=0, description="Time limit of one response of a source."
    )
    part_bytes: int = Field(
        default=8 * 1024**2,
        ge=1,
        description="Size of the parts that a run uploads; S3's least is 5 MiB.",
    )
    checkpoint_bytes: int = Field(
        default=16 * 1024**2, ge=1, description="Uncompressed bytes after which a run is saved."
    )
    spare_seconds: float = Field(
        default=60,
        ge=0,
        description="Time that is left when a run continues in another invocation.",
    )
