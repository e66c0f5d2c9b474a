"""The machines that may call the API, by environment: context `machines` of cdk.json."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from infra.environments import LOCAL_ACCOUNT
from waybill.http.principal import Role

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_ROLE = r"^arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+$"


class InvalidMachineError(Exception):
    """A machine is given wrongly; the message says what to give."""


class Machine(BaseModel):
    """What a machine may do, and how often. Without an IAM role it gets an API key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    datasets: frozenset[str] | None = None
    personal: frozenset[str] = frozenset()
    iam_role: str | None = Field(default=None, pattern=_ROLE)
    requests_per_second: float = Field(default=10, gt=0)
    burst: int = Field(default=20, ge=1)
    requests_per_day: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_administrator_is_enough(self) -> "Machine":
        if self.role == "admin" and self.iam_role is None:
            raise ValueError("an administrator needs an iam_role; an API key may be copied")
        return self


Machines = Mapping[str, Machine]
LOCAL_MACHINES: Machines = {
    "local-role": Machine(role="loader", iam_role=f"arn:aws:iam::{LOCAL_ACCOUNT}:role/machine"),
    "local-key": Machine(role="loader"),
}
"""Those of the local stack, to try both ways."""


def parse_machines(values: Mapping[str, Any] | None) -> Machines:
    """The machines of an environment, by name.

    Raises:
        InvalidMachineError: a name or a field is not valid.
    """
    try:
        machines = {name: Machine.model_validate(value) for name, value in (values or {}).items()}
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidMachineError(f"machines: {place} {first['msg']}") from error
    wrong = [name for name in machines if not _NAME.fullmatch(name) or name == "people"]
    if wrong:
        raise InvalidMachineError(
            f"machines: {', '.join(wrong)}: use small letters, digits and hyphens; not `people`."
        )
    return machines
