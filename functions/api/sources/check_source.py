"""Checks the connection of a source, with the function that reads sources."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.api.sources.deps import Deps
from waybill.clients import lambda_client
from waybill.errors import Rejected, Unavailable


def check_source(deps: Deps, source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first five records of the source.

    Raises:
        Rejected: `source-unreadable`, with the reason.
        Unavailable: the function `extract` does not respond in time.
    """
    # The function in front of the database cannot reach the source, and the other way around.
    payload = json.dumps({"source": source})
    try:
        answer = lambda_client().invoke(
            FunctionName=deps.settings.extract_function, Payload=payload
        )
        found = json.loads(answer["Payload"].read())
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("source-check-failed", "The check did not end in time.") from error
    if answer.get("FunctionError") or ("records" not in found and "problem" not in found):
        raise Unavailable("source-check-failed", "The check failed; it was logged.")
    if problem := found.get("problem"):
        raise Rejected("source-unreadable", f"{problem['title']}: {problem['detail']}")
    records: list[dict[str, Any]] = found["records"]
    return records
