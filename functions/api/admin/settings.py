"""Environment of the function `admin`."""

from pydantic import Field

from waybill.settings import ApiSettings, LandingSettings, StateSettings


class AdminSettings(ApiSettings, LandingSettings, StateSettings):
    """The queues and their dead-letter queues."""

    landed_queue_url: str = Field(description="Queue of landed objects.")
    chunks_queue_url: str = Field(description="Queue of chunks to load.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    extracts_queue_url: str = Field(description="Queue of runs of sources.")
    landed_dlq_url: str = Field(description="Dead-letter queue of `landed`.")
    chunks_dlq_url: str = Field(description="Dead-letter queue of `chunks`.")
    merges_dlq_url: str = Field(description="Dead-letter queue of `merges`.")
    extracts_dlq_url: str = Field(description="Dead-letter queue of `extracts`.")
