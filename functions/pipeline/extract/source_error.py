"""Why a source could not be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from waybill.outbound.error import OutboundError
from waybill.sources.definition import RetryReason

Reason = RetryReason | Literal["refused"]
_TITLES: dict[Reason, str] = {
    "rate-limited": "Rate limited",
    "server-error": "Server error",
    "timeout": "Timeout",
    "unreachable": "Source unreachable",
    "invalid-response": "Invalid response",
    "refused": "Refused by the source",
}


class SourceError(Exception):
    """A source could not be read; the source's retry policy says what follows.

    `detail` has no credentials: it is shown, and logged.
    """

    def __init__(self, reason: Reason, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
        self.retry_after = retry_after
        """Seconds that the source asks to wait."""

    @property
    def problem(self) -> dict[str, object]:
        """The error as it is stored with the job."""
        code = f"source-{self.reason}"
        return {"type": code, "title": _TITLES[self.reason], "detail": self.detail[:1000]}


@contextmanager
def reaching_source() -> Iterator[None]:
    """Raise errors of the guarded network as those of a source.

    Raises:
        SourceError: with the same reason and detail.
    """
    try:
        yield
    except OutboundError as error:
        raise SourceError(error.reason, error.detail) from error
