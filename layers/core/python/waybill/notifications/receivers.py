"""Where notifications are sent, as the files of `sql/receivers/` declare it.

Imports nothing heavy: `infra` reads the files for subscriptions and permissions.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from waybill.errors import Conflict

SecretArn = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\w/+=.@-]+$")
]
EmailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class _Receiver(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    quiet_seconds: int = Field(
        default=60, ge=0, le=3600, description="A digest is sent when nothing came for so long,"
    )
    max_wait_seconds: int = Field(
        default=900, ge=0, le=86_400, description="or when its first event is that old."
    )


class EmailReceiver(_Receiver):
    """People who read e-mail; each confirms the subscription once."""

    kind: Literal["email"]
    addresses: tuple[EmailAddress, ...] = Field(min_length=1, max_length=20)


class SlackReceiver(_Receiver):
    """A channel of Slack, through an incoming webhook."""

    kind: Literal["slack"]
    url_secret: SecretArn
    """Its URL is a credential, so it is a secret."""


class WebhookReceiver(_Receiver):
    """A machine, which gets signed JSON."""

    kind: Literal["webhook"]
    # Loopback addresses are refused everywhere but in the local stack.
    url: str = Field(pattern=r"^(https://|http://127\.0\.0\.1[:/])[^\s@]+$", max_length=2000)
    signing_secret: SecretArn


Receiver = Annotated[EmailReceiver | SlackReceiver | WebhookReceiver, Field(discriminator="kind")]
RECEIVER: TypeAdapter[EmailReceiver | SlackReceiver | WebhookReceiver] = TypeAdapter(Receiver)


def secrets_of(receivers: Mapping[str, Receiver]) -> list[str]:
    """The ARNs of the secrets that the receivers need, sorted."""
    found = {
        receiver.url_secret if isinstance(receiver, SlackReceiver) else receiver.signing_secret
        for receiver in receivers.values()
        if not isinstance(receiver, EmailReceiver)
    }
    return sorted(found)


def read_receivers(folder: Path) -> dict[str, Receiver]:
    """The receivers declared in `folder`, by the path of their file below it.

    Raises:
        Conflict: `receiver-invalid`; the detail names the file and what is wrong with it.
    """
    found: dict[str, Receiver] = {}
    for file in sorted((folder / "receivers").glob("*.toml")):
        path = file.relative_to(folder).as_posix()
        try:
            content: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
            receiver = RECEIVER.validate_python({"name": file.stem, **content})
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Conflict("receiver-invalid", f"{path}: {where}: {first['msg']}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Conflict("receiver-invalid", f"{path}: {error}") from None
        if receiver.name != file.stem:
            raise Conflict("receiver-invalid", f"{path}: the name is not that of the file.")
        found[path] = receiver
    return found
