"""Who signs the code of an environment, from the context `code_signing` of cdk.json."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_PROFILE = re.compile(r"arn:aws[\w-]*:signer:[a-z0-9-]+:[0-9]{12}:/signing-profiles/(\w+)/\w+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class InvalidSigningError(Exception):
    """The signer is given incompletely; the message says what to give."""


class CodeSigning(NamedTuple):
    """A signing profile of AWS Signer, and a versioned bucket that code is signed in."""

    profile: str
    """ARN of a version of the profile."""
    bucket: str

    @property
    def profile_name(self) -> str:
        """The profile's name, of its ARN."""
        return self.profile.split("/")[2]

    @classmethod
    def from_context(cls, values: Mapping[str, Any] | None) -> "CodeSigning | None":
        """The signer of an environment; None where none is named.

        Raises:
            InvalidSigningError: one is missing, or is not what it should be.
        """
        if values is None:
            return None
        patterns = {"profile": _PROFILE, "bucket": _BUCKET}
        if values.keys() != patterns.keys() or not all(
            pattern.fullmatch(str(values[name])) for name, pattern in patterns.items()
        ):
            raise InvalidSigningError(
                'Give {"profile": "arn:aws:signer:…:/signing-profiles/NAME/VERSION",'
                ' "bucket": name}; the bucket is versioned.'
            )
        return cls(**{name: str(values[name]) for name in patterns})
