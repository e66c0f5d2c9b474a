"""The environment of the function `notify`."""

from pydantic import Field

from waybill.settings import LogSettings, StateSettings


class NotifySettings(LogSettings, StateSettings):
    """Where receivers may be, their secrets and topics, and how sending is repeated."""

    receiver_networks: str = Field(
        default="",
        description="Networks that are not public and that receivers may be in: `10.1.0.0/16,…`.",
    )
    receiver_plain_http: bool = Field(
        default=False, description="Whether receivers may be without TLS; for tests only."
    )
    receiver_secrets: str = Field(description="Secrets of receivers have names that begin so.")
    topic_prefix: str = Field(description="ARN of the topics of e-mail, without the receiver.")
    console_url: str | None = Field(
        default=None, description="URL of the console, for links; without it there are none."
    )
    delivery_group: str = Field(description="Group of the schedules that repeat deliveries.")
    delivery_target: str = Field(description="ARN of the function that those schedules call.")
    delivery_role: str = Field(description="ARN of the role that they call it with.")
    retry_seconds: float = Field(
        default=60, gt=0, description="Pause before the second attempt; it doubles, to an hour."
    )
    max_attempts: int = Field(
        default=30, ge=1, description="Attempts until a delivery is given up; 30 take a day."
    )
