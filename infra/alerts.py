"""Whom the alarms of an environment notify, from the context `alerts` of cdk.json."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FIELDS = {"email", "slack_workspace", "slack_channel", "runbooks_url"}
_RUNBOOKS = "infra/runbooks"


class InvalidAlertsError(Exception):
    """The receivers are given incompletely; the message says what to give."""


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """Receivers of alarms. Without any, the topic is there and other systems can subscribe."""

    email: tuple[str, ...] = ()
    slack_workspace: str | None = None
    """Id of the workspace (`T…`), authorized once in the console of AWS's chat applications."""
    slack_channel: str | None = None
    """Id of the channel (`C…`)."""
    runbooks_url: str = _RUNBOOKS
    """Where the runbooks are read: the folder in the repository, or its address in the web."""

    @classmethod
    def from_context(cls, values: Mapping[str, Any] | None) -> "Alerts":
        """The receivers of an environment.

        Raises:
            InvalidAlertsError: a field is unknown, an address is none, or half of Slack's ids.
        """
        given = dict(values or {})
        unknown = sorted(given.keys() - _FIELDS)
        addresses = given.get("email", [])
        email = tuple([addresses] if isinstance(addresses, str) else addresses)
        slack = [given.get("slack_workspace"), given.get("slack_channel")]
        if unknown or not all(re.fullmatch(r"[^@\s]+@[^@\s]+", each) for each in email):
            raise InvalidAlertsError(
                'Give {"email": ["…@…"], "slack_workspace": "T…", "slack_channel": "C…",'
                ' "runbooks_url": "https://…"}, or some of them.'
            )
        if bool(slack[0]) != bool(slack[1]):
            raise InvalidAlertsError("Slack needs both slack_workspace and slack_channel.")
        url = str(given.get("runbooks_url", _RUNBOOKS)).rstrip("/")
        return cls(email=email, slack_workspace=slack[0], slack_channel=slack[1], runbooks_url=url)
