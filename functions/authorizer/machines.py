"""Machines that call the API: their IAM role or API key, and what they may do."""

import re
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter

from waybill.http.principal import Principal, Role

_ASSUMED = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")
_ROLE = re.compile(r"arn:([\w-]+):iam::(\d{12}):role/(?:.*/)?([^/]+)")


class Machine(BaseModel):
    """A machine as `cdk.json` names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Role
    datasets: frozenset[str] | None = None
    """The datasets that it may see; None for all."""
    personal: frozenset[str] = frozenset()
    """Datasets whose personal data it may see."""
    iam_role: str | None = None
    """ARN of the IAM role that signs its requests."""
    api_key_id: str | None = None
    """Id of its API key."""

    def principal(self, expires_at: int) -> Principal:
        """The caller; the same whatever it proves itself with."""
        subject = f"machine:{self.name}"
        return Principal(subject, self.role, self.datasets, expires_at, self.personal)


class Caller(NamedTuple):
    """Who sent a request, and the API key whose usage plan limits them; None for no plan."""

    principal: Principal
    usage_key: str | None = None


_MACHINES = TypeAdapter(tuple[Machine, ...])


def parse_machines(text: str) -> tuple[Machine, ...]:
    """The machines of the setting `MACHINES`.

    Raises:
        pydantic.ValidationError: it is not a list of machines.
    """
    return _MACHINES.validate_json(text)


def role_arn(arn: str) -> str:
    """The ARN of a role, without its path, for one of the role or of a session of it.

    The ARN of a session has the role's name only.
    """
    for pattern in (_ASSUMED, _ROLE):
        if found := pattern.fullmatch(arn):
            partition, account, name = found.groups()
            return f"arn:{partition}:iam::{account}:role/{name}"
    return arn
