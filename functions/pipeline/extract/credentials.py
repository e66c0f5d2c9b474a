"""The credentials of a source, read from Secrets Manager when they are needed.

They are not kept between runs, so that rotated credentials are used at once.
"""

import json
import re
from collections.abc import Callable, Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from functions.pipeline.extract.source_error import SourceError
from waybill.errors import Unavailable

Credentials = Mapping[str, str]
_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:(.+)")


class Secrets:
    """Reads the secrets of sources, and no others."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def read(self, arn: str) -> Credentials:
        """The secret's fields.

        Raises:
            SourceError: `refused`, it is not a secret of sources, or not JSON of texts.
            Unavailable: Secrets Manager cannot be reached.
        """
        match = _ARN.fullmatch(arn)
        if not match or not match[1].startswith(self._prefix):
            detail = f"The secret's name must begin with {self._prefix}."
            raise SourceError("refused", detail)
        try:
            text = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
            fields = json.loads(text)
        except ClientError as error:
            if int(error.response["ResponseMetadata"].get("HTTPStatusCode", 0)) >= 500:
                raise _unavailable() from error
            raise SourceError("refused", "The secret cannot be read.") from None
        except BotoCoreError as error:
            raise _unavailable() from error
        except (ValueError, KeyError):
            # The exception would have the text of the secret.
            raise SourceError("refused", "The secret is not a JSON object.") from None
        if not isinstance(fields, dict):
            raise SourceError("refused", "The secret is not a JSON object.")
        return {str(name): str(value) for name, value in fields.items()}


def field(credentials: Credentials, name: str) -> str:
    """A field of the secret.

    Raises:
        SourceError: `refused`, it is missing.
    """
    if name not in credentials:
        raise SourceError("refused", f"The secret has no field {name}.")
    return credentials[name]


def needed(arn: str | None, read: Callable[[str], Credentials]) -> Credentials:
    """The credentials of a source that may have none."""
    return read(arn) if arn else {}


def _unavailable() -> Unavailable:
    return Unavailable("secrets-unavailable", "Secrets Manager cannot be reached.")
