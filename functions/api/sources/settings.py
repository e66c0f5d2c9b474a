"""Environment of the function `sources`."""

from pydantic import Field

from waybill.settings import ApiSettings, DatabaseSettings, LandingSettings, StateSettings


class SourcesSettings(ApiSettings, DatabaseSettings, LandingSettings, StateSettings):
    """The database, the state of runs, and the function that reads sources."""

    extracts_queue_url: str = Field(description="Queue of runs of sources.")
    extract_function: str = Field(description="Name of the function that reads sources.")
    schedule_group: str = Field(description="Group of the schedules of the sources.")
    schedule_target: str = Field(description="ARN of the function that schedules call.")
    schedule_role: str = Field(description="ARN of the role that schedules call it with.")
