"""What the local stack is now, as scripts read it."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel

from infra.local.emulator import endpoint


class Status(BaseModel):
    """What `waybill status` prints. Without a running stack the addresses are null."""

    state: Literal["up", "down", "partial"] = "down"
    api: str | None = None
    """Base address, with the stage."""
    docs: str | None = None
    database_url: str | None = None
    """Connectable, with the admin role's password."""
    landing_bucket: str | None = None
    aws_endpoint_url: str | None = None
    token: str | None = None
    """Value of an Authorization header for a local user; null while the API asks for none."""

    @classmethod
    def up(cls, port: int, outputs: Mapping[str, str], database_url: str) -> "Status":
        """The status of a whole stack, from its emulator's port and its outputs."""
        here = endpoint(port)
        api = f"{here}/_aws/execute-api/{outputs['RestApiId']}/{outputs['ApiStage']}"
        return cls(
            state="up",
            api=api,
            docs=f"{api}/docs",
            database_url=database_url,
            landing_bucket=outputs["LandingBucketName"],
            aws_endpoint_url=here,
        )
