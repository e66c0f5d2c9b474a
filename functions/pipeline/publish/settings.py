"""The environment of the step `publish`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class PublishSettings(LogSettings, DatabaseSettings, StateSettings):
    """Where word of finished jobs goes."""

    event_bus_name: str = Field(default="default", description="Bus for finished jobs.")
