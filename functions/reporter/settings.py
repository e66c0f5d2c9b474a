"""Environment of the function `reporter`."""

from pydantic import Field

from waybill.settings import LogSettings


class ReporterSettings(LogSettings):
    """Where errors are sent."""

    dsn_secret: str = Field(description="Secret whose text is the tracker's DSN.")
    report_environment: str = Field(description="Name of the environment, as the tracker shows it.")
