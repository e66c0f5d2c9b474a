"""Who does something, and from where: for the ledger and the audit log."""

from typing import NamedTuple


class Caller(NamedTuple):
    """Who sent a request."""

    subject: str
    """Subject of the token."""
    source: str | None = None
    """Address that the request came from."""
