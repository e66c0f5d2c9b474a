"""Reads the lines that a subscription of CloudWatch Logs delivers."""

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

# CloudWatch sends less; more is not unpacked.
_MOST_BYTES = 16 * 1024 * 1024
_GZIP = zlib.MAX_WBITS | 16


class LogLine(NamedTuple):
    """A line of a function's log."""

    id: str
    """The same when the line is delivered again."""
    log_group: str
    seconds: float
    """Since 1970."""
    text: str


def read_lines(event: Mapping[str, Any]) -> Iterator[LogLine]:
    """The lines of the event; none of a message that only checks the subscription."""
    packed = base64.b64decode(event["awslogs"]["data"])
    data = json.loads(zlib.decompressobj(_GZIP).decompress(packed, _MOST_BYTES))
    if data["messageType"] != "DATA_MESSAGE":
        return
    for line in data["logEvents"]:
        yield LogLine(line["id"], data["logGroup"], line["timestamp"] / 1000, line["message"])
