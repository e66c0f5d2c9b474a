"""API Gateway's side of what differs from AWS in the emulator.

Loaded as a script by the emulator's process, so it imports nothing of the project.
"""

import re
from typing import Any
from uuid import uuid4

from ministack.services import apigateway_v1

Response = tuple[int, dict[str, str], bytes]
_invoke_mock = apigateway_v1._invoke_mock_v1  # noqa: SLF001 - the version is pinned, and tested


def arn_matches(pattern: str, arn: str) -> bool:
    """Whether a policy's resource is this ARN; its wildcards stand for line breaks too."""
    literal = re.escape(pattern)
    return bool(re.fullmatch(literal.replace(r"\*", ".*").replace(r"\?", "."), arn, re.DOTALL))


def invoke_mock(integration: dict[str, Any]) -> Response:
    """The response of a mock integration; empty without a template."""
    status, headers, body = _invoke_mock(integration)
    if status == 204:
        headers.pop("Content-Type", None)
        return status, headers, b""
    return status, headers, body.replace(b"$context.requestId", str(uuid4()).encode())


def patch() -> None:
    """Put them in the place of the emulator's own."""
    apigateway_v1._invoke_mock_v1 = invoke_mock  # noqa: SLF001
    apigateway_v1._arn_matches = arn_matches  # noqa: SLF001
