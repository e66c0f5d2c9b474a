"""The tracker's DSN, a secret: `https://KEY@host/path/PROJECT`."""

from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from functions.reporter.errors import BadDsnError, UnreachedError
from waybill.clients import secretsmanager_client

_LOOPBACK = ("127.0.0.1", "localhost")


class Dsn(NamedTuple):
    """Where envelopes are sent, and the public key that they carry."""

    url: str
    key: str


def parse_dsn(text: str) -> Dsn:
    """The parts of a DSN.

    Raises:
        BadDsnError: it is none, or would send errors in the clear.
    """
    parts = urlsplit(text.strip())
    path, _, project = parts.path.rpartition("/")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (is_safe and parts.hostname and parts.username and project):
        # The text is a secret, so it is not quoted.
        raise BadDsnError("The secret is no DSN: https://KEY@host/PROJECT.")
    place = parts.netloc.rpartition("@")[2]
    return Dsn(f"{parts.scheme}://{place}{path}/api/{project}/envelope/", parts.username)


@cache
def read_dsn(secret: str) -> Dsn:
    """The DSN in the secret, read once for the process.

    Raises:
        UnreachedError: the secret cannot be read.
        BadDsnError: it holds no DSN.
    """
    try:
        stored = secretsmanager_client().get_secret_value(SecretId=secret)
    except (ClientError, BotoCoreError) as error:
        raise UnreachedError("The DSN cannot be read.") from error
    return parse_dsn(stored["SecretString"])
