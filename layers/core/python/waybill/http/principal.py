"""Who sent a request: the identity that the authorizer proved, as API Gateway passes it on."""

import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self, get_args

from waybill.errors import Unauthorized

Role = Literal["reader", "loader", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most; each may do what those before it may."""
_EVERY_DATASET = "*"


class Principal(NamedTuple):
    """An authenticated caller."""

    subject: str
    """The `sub` of the token, or the ARN of an AWS role."""
    role: Role
    datasets: frozenset[str] | None
    """The datasets that it may see; None for all of them."""
    expires_at: int
    """When its token expires, in Unix seconds."""
    personal: frozenset[str] | None = frozenset()
    """Datasets whose personal data the token grants; None for all of them."""

    def has(self, role: Role) -> bool:
        """Whether the caller has `role` or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def sees(self, dataset: str) -> bool:
        """Whether the caller may see the dataset."""
        return self.datasets is None or dataset in self.datasets

    def context(self) -> dict[str, str]:
        """The identity as the authorizer returns it: strings only."""
        return {
            "role": self.role,
            "datasets": _text(self.datasets),
            "personal": _text(self.personal),
            "expires_at": str(self.expires_at),
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """The identity in an API Gateway proxy event.

        Raises:
            Unauthorized: the event has none, or its token has expired since it was checked.
        """
        context = (event.get("requestContext") or {}).get("authorizer") or {}
        subject, role = context.get("principalId"), context.get("role")
        if not subject or role not in ROLES:
            raise Unauthorized("unauthorized", "A token is required.")
        expires_at = int(context.get("expires_at") or 0)
        # API Gateway caches the authorizer's result beyond the token's lifetime.
        if expires_at <= time.time():
            raise Unauthorized("unauthorized", "The token has expired.")
        datasets, personal = _datasets(context.get("datasets")), _datasets(context.get("personal"))
        return cls(str(subject), role, datasets, expires_at, personal)


def _text(datasets: frozenset[str] | None) -> str:
    return _EVERY_DATASET if datasets is None else " ".join(sorted(datasets))


def _datasets(text: object) -> frozenset[str] | None:
    names = str(text or "")
    return None if names == _EVERY_DATASET else frozenset(names.split())
