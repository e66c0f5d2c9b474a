"""Verify requests that a machine signed with AWS credentials (SigV4).

The token is `aws-sts.` and, in base64url, the query of a GetCallerIdentity request that the machine
signed for AWS STS, the API's host among the signed headers. STS verifies the signature and says
whose it is; so no secret leaves the machine, and the token is of no use for another API.
"""

import base64
import binascii
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import boto3
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from functions.authorizer.machines import Machine, role_arn
from functions.authorizer.verify_token import InvalidToken

PREFIX = "aws-sts."
AUDIENCE_HEADER = "x-waybill-audience"
GetCaller = Callable[[str, str], str]
"""From the signed query and the audience to the caller's ARN."""
_PARAMETERS = frozenset(
    {
        "Action",
        "Version",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
    }
)
_SIGNED_HEADERS = f"host;{AUDIENCE_HEADER}"
_MAX_EXPIRES = 900
# For clocks that differ.
_AHEAD_SECONDS = 60
_ARN = re.compile(r"<Arn>([^<]{1,2048})</Arn>")
_SECONDS = 5


class CallerUnavailable(Exception):
    """STS cannot be reached."""


def verify_signature(
    token: str, host: str, machines: Sequence[Machine], get_caller: GetCaller
) -> tuple[Machine, int]:
    """The machine that signed the token, and when the token expires in Unix seconds.

    Args:
        token: with its prefix.
        host: of the API, as the request names it.
        machines: those that are known.
        get_caller: asks STS.

    Raises:
        InvalidToken: the signature is not valid, for another API, or of an unknown role.
        CallerUnavailable: STS cannot be reached.
    """
    query, expires_at = _signed_query(token.removeprefix(PREFIX))
    arn = role_arn(get_caller(query, host))
    for machine in machines:
        if machine.iam_role and role_arn(machine.iam_role) == arn:
            return machine, expires_at
    raise InvalidToken(f"no machine has the role {arn}")


def _signed_query(encoded: str) -> tuple[str, int]:
    """The query, which is one that STS may be asked, and when it expires."""
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        query = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
        parameters = dict(pairs)
        signed_at = datetime.strptime(parameters["X-Amz-Date"], "%Y%m%dT%H%M%S%z")
        expires = int(parameters["X-Amz-Expires"])
    except (binascii.Error, ValueError, KeyError) as error:
        raise InvalidToken("malformed signature") from error
    if len(pairs) != len(parameters) or not parameters.keys() <= _PARAMETERS:
        raise InvalidToken("unexpected parameters")
    if parameters.get("Action") != "GetCallerIdentity":
        raise InvalidToken("another action")
    if parameters.get("X-Amz-SignedHeaders") != _SIGNED_HEADERS:
        raise InvalidToken("the signature does not name the API")
    begins = int(signed_at.timestamp())
    # STS itself accepts a signature for 15 minutes, whatever it says.
    if not 0 < expires <= _MAX_EXPIRES or not (
        begins - _AHEAD_SECONDS <= time.time() < begins + expires
    ):
        raise InvalidToken("the signature has expired")
    return query, begins + expires


def ask_sts(query: str, audience: str) -> str:
    """The ARN of whoever signed the query, from AWS STS in the function's region.

    Raises:
        InvalidToken: STS refuses it.
        CallerUnavailable: STS cannot be reached.
    """
    endpoint = boto3.client("sts").meta.endpoint_url
    request: Any = AWSRequest("GET", f"{endpoint}/?{query}", headers={AUDIENCE_HEADER: audience})
    try:
        response = URLLib3Session(timeout=_SECONDS).send(request.prepare())
    except BotoCoreError as error:
        raise CallerUnavailable(str(error)) from error
    if response.status_code >= 500:
        raise CallerUnavailable(f"status {response.status_code}")
    found = _ARN.search(response.text) if response.status_code == 200 else None
    if not found:
        raise InvalidToken(f"STS refuses the signature ({response.status_code})")
    return found[1]
