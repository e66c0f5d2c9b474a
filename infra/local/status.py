"""The state of the local stack, for scripts."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel

from infra.local.access_key import AccessKey
from infra.local.emulator import endpoint


class Status(BaseModel):
    """The output of `waybill status`. Addresses are null unless the stack is up."""

    state: Literal["up", "down", "partial"] = "down"
    console: str | None = None
    """The console, for a browser."""
    api: str | None = None
    """Base URL, with the stage."""
    docs: str | None = None
    database_url: str | None = None
    """With the admin role's password."""
    landing_bucket: str | None = None
    aws_endpoint_url: str | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    token: str | None = None
    """For `Authorization: Bearer …`: an administrator's, valid for 30 minutes."""

    @classmethod
    def up(
        cls,
        port: int,
        outputs: Mapping[str, str],
        database_url: str,
        key: AccessKey,
        token: str,
    ) -> "Status":
        """The status of a running stack."""
        url = endpoint(port)
        api = f"{url}/api/{outputs['ApiStage']}"
        return cls(
            state="up",
            console=f"{url}/",
            api=api,
            docs=f"{api}/docs",
            database_url=database_url,
            landing_bucket=outputs["LandingBucketName"],
            aws_endpoint_url=url,
            aws_access_key_id=key.key_id,
            aws_secret_access_key=key.secret,
            token=token,
        )
