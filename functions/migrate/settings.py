"""The environment of the step `migrate`."""

from pydantic import Field

from waybill.settings import DatabaseSettings, LogSettings, StateSettings


class MigrateSettings(LogSettings, DatabaseSettings, StateSettings):
    """The database as its administrator, the bucket for contracts, and the schedules of sources."""

    schedule_group: str = Field(description="Group of the schedules of the sources.")
    schedule_target: str = Field(description="ARN of the function that schedules call.")
    schedule_role: str = Field(description="ARN of the role that schedules call it with.")
