"""Where copies outside the region are kept, from the context `offsite` of cdk.json."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_VAULT = re.compile(r"arn:aws[\w-]*:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[\w-]+")
_KEY = re.compile(r"arn:aws[\w-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[\w-]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class InvalidOffsiteError(Exception):
    """The places are given incompletely; the message says what to give."""


class Offsite(NamedTuple):
    """A bucket and a vault of another region; they exist already, so that no stack deletes them."""

    bucket: str
    """Name of a versioned bucket."""
    key: str
    """ARN of the KMS key there that encrypts the copies of objects."""
    vault: str
    """ARN of a vault of AWS Backup, with a key of its own."""

    @classmethod
    def from_context(cls, values: Mapping[str, Any] | None) -> "Offsite | None":
        """The places of an environment; None where none are named.

        Raises:
            InvalidOffsiteError: one is missing, or is not what it should be.
        """
        if values is None:
            return None
        patterns = {"bucket": _BUCKET, "key": _KEY, "vault": _VAULT}
        if values.keys() != patterns.keys() or not all(
            pattern.fullmatch(str(values[name])) for name, pattern in patterns.items()
        ):
            raise InvalidOffsiteError(
                'Give {"bucket": name, "key": "arn:aws:kms:…:key/…",'
                ' "vault": "arn:aws:backup:…:backup-vault:…"}, all of another region.'
            )
        return cls(**{name: str(values[name]) for name in patterns})
