"""The environment of the function `publish`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class PublishSettings(LogSettings, DatabaseSettings, StateSettings):
    """The event bus of finished jobs."""

    event_bus_name: str = Field(default="default", description="Event bus of finished jobs.")
