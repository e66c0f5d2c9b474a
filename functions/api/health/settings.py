"""The environment of the step `health`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LandingSettings, LogSettings


class HealthSettings(LogSettings, DatabaseSettings, LandingSettings):
    """What is looked at: database, landing bucket, queue."""

    landed_queue_url: str = Field(description="Queue of landed objects.")
