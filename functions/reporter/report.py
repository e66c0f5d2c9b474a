"""Makes events of log lines, without anything that could be of a person."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from functions.reporter.log_lines import LogLine
from waybill.scrubbing import MASK, scrub

Report = dict[str, Any]
# Of a line, only these fields are sent; others may quote a file.
_TAGS = ("step", "action", "code", "endpoint", "method", "status_code")
_EXTRA = ("request_id", "receives", "failures", "tries", "chunk", "run_id")
_MOST_REPORTS = 20
_MOST_TEXT = 500
_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


def reports(lines: Iterable[LogLine], environment: str) -> Iterator[Report]:
    """One event for each kind of error among the lines, with how often it is there.

    The kinds are limited, so that a storm of errors stays a handful of requests.
    """
    kinds: dict[str, Report] = {}
    for line in lines:
        made = _report(line, environment)
        kind = json.dumps(made["fingerprint"])
        if kind in kinds:
            kinds[kind]["extra"]["count"] += 1
        elif len(kinds) < _MOST_REPORTS:
            kinds[kind] = made
    yield from kinds.values()


def _report(line: LogLine, environment: str) -> Report:
    fields = _fields(line.text)
    traceback = str(fields.get("exception", ""))
    kind = str(fields.get("exception_name") or fields.get("code") or _first_line(line.text))
    message = str(fields.get("action") or kind)
    step = str(fields.get("step") or line.log_group.rpartition("/")[2])
    made: Report = {
        # A line that is delivered again has the same id, and is one event.
        "event_id": uuid5(NAMESPACE_URL, f"waybill:{line.log_group}:{line.id}").hex,
        "timestamp": datetime.fromtimestamp(line.seconds, UTC).isoformat(),
        "platform": "python",
        "level": "error",
        "logger": "waybill",
        "environment": environment,
        "transaction": step,
        "logentry": {"formatted": message},
        "fingerprint": [step, message, kind],
        "tags": {name: str(fields[name]) for name in _TAGS if fields.get(name) is not None},
        "extra": {name: fields[name] for name in _EXTRA if fields.get(name) is not None},
    }
    made["extra"]["count"] = 1
    if fields.get("correlation_id"):
        made["tags"]["job_id"] = str(fields["correlation_id"])
    if fields.get("xray_trace_id"):
        made["tags"]["xray_trace_id"] = str(fields["xray_trace_id"])
    if traceback:
        made["exception"] = {"values": [_exception(kind, traceback)]}
    return made


def _fields(text: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _exception(kind: str, traceback: str) -> Report:
    """Type, message and places; the source lines of a traceback stay in the log."""
    frames = [
        {"filename": file, "lineno": int(number), "function": function,
         "in_app": "waybill" in file or "functions" in file}
        for file, number, function in _FRAME.findall(traceback)
    ]  # fmt: skip
    value = mask(traceback.strip().rpartition("\n")[2].partition(": ")[2])
    return {"type": kind, "value": value, "stacktrace": {"frames": frames}}


def _first_line(text: str) -> str:
    """What Lambda itself writes of a function that was killed, without its request id."""
    line = text.strip().partition("\n")[0]
    return mask(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT\S+", "", line)).strip()


def mask(text: str) -> str:
    """`text` without quoted values, addresses and credentials, and not longer than is shown."""
    return _QUOTED.sub(MASK, scrub(text))[:_MOST_TEXT]
