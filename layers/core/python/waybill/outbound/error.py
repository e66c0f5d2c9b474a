"""Why a host could not be reached."""

from typing import Literal

Reason = Literal["refused", "unreachable", "timeout", "invalid-response"]


class OutboundError(Exception):
    """A host was not reached, or may not be; `detail` has no credentials."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
