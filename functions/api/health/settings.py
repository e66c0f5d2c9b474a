"""Environment of the function `health`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LandingSettings, LogSettings


class HealthSettings(LogSettings, DatabaseSettings, LandingSettings):
    """The resources that are checked: database, landing bucket, queue."""

    landed_queue_url: str = Field(description="Queue of landed objects.")
