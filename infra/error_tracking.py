"""The error tracker of an environment, from the context `error_tracking` of cdk.json."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class InvalidTrackerError(Exception):
    """The tracker is given incompletely; the message says what to give."""


class ErrorTracker(NamedTuple):
    """Any service that takes Sentry's envelopes."""

    secret: str
    """Name of the secret in Secrets Manager whose text is the DSN."""

    @classmethod
    def from_context(cls, values: Mapping[str, Any] | None) -> "ErrorTracker | None":
        """The tracker of an environment; None where none is named.

        Raises:
            InvalidTrackerError: it is not the name of a secret, or the DSN itself.
        """
        if values is None:
            return None
        if set(values) != {"secret"} or not re.fullmatch(r"[\w/.+=@-]+", str(values["secret"])):
            raise InvalidTrackerError(
                'Store the DSN in Secrets Manager and give its name: {"secret": "waybill/prod/dsn"}'
            )
        return cls(str(values["secret"]))
