"""The environment of the function `console`."""

from pydantic import Field

from waybill.settings import LogSettings


class ConsoleSettings(LogSettings):
    """The bucket that the console is served from."""

    console_bucket: str = Field(description="Bucket of the console's files.")
