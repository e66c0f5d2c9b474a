"""Environment of the function `metrics`."""

from pydantic import Field

from waybill.settings import ApiSettings, StateSettings


class ShowMetricsSettings(ApiSettings, StateSettings):
    """The bucket with the metrics, and the queues whose depths are shown."""

    landed_queue_url: str = Field(description="Queue of landed objects.")
    chunks_queue_url: str = Field(description="Queue of chunks to load.")
    merges_queue_url: str = Field(description="Queue of jobs to merge.")
    extracts_queue_url: str = Field(description="Queue of runs of sources.")
    landed_dlq_url: str = Field(description="Dead-letter queue of `landed`.")
    chunks_dlq_url: str = Field(description="Dead-letter queue of `chunks`.")
    merges_dlq_url: str = Field(description="Dead-letter queue of `merges`.")
    extracts_dlq_url: str = Field(description="Dead-letter queue of `extracts`.")
    undelivered_dlq_url: str = Field(description="Queue of events that were not delivered.")
