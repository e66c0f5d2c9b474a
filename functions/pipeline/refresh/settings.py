"""The environment of the function `refresh`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class RefreshSettings(LogSettings, DatabaseSettings, StateSettings):
    """The database of the views, the bucket with the wake-up markers, and the queue of archives."""

    chunks_queue_url: str = Field(description="Queue of chunks, exports and archives.")
