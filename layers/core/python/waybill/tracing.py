"""Traces of AWS X-Ray: the trace goes on with messages and events, and is found by the job's id.

Lambda makes a segment of each invocation by itself and names its trace in `_X_AMZN_TRACE_ID`
(`Root=…;Parent=…;Sampled=1`). A subsegment is a datagram to the daemon beside the function, so
nothing waits for it. Without a daemon (locally) or in a trace that is not sampled, none is sent.

An object that lands begins a trace of its own, since S3's events carry none: the traces of a job
are those with its id, `annotation.job_id = "…"`.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageSystemAttributeValueTypeDef

    _Attributes = Mapping[Literal["AWSTraceHeader"], MessageSystemAttributeValueTypeDef]

_DAEMON = "AWS_XRAY_DAEMON_ADDRESS"
_HEADER = b'{"format":"json","version":1}\n'


def trace_header() -> str | None:
    """The header that lets messages and events go on with this invocation's trace."""
    return os.environ.get("_X_AMZN_TRACE_ID")


class _MessageTrace(TypedDict, total=False):
    MessageSystemAttributes: "_Attributes"


def message_trace() -> _MessageTrace:
    """The arguments of a message to SQS with which its receiver is in the same trace."""
    header = trace_header()
    if not header:
        return {}
    return {
        "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    }


@contextmanager
def subsegment(step: str, job_id: str) -> Iterator[None]:
    """Record the block as a part of the invocation's segment, with the job's id."""
    started, is_fault = time.time(), False
    try:
        yield
    except Exception:
        is_fault = True
        raise
    finally:
        record(step, job_id, started, is_fault=is_fault)


def record(step: str, job_id: str, started: float, *, is_fault: bool = False) -> None:
    """Send a subsegment that began at `started` and ends now."""
    address, trace = os.environ.get(_DAEMON), _parts(trace_header())
    if not address or trace.get("Sampled") != "1" or not {"Root", "Parent"} <= trace.keys():
        return
    document = {
        "name": step,
        "id": secrets.token_hex(8),
        "type": "subsegment",
        "trace_id": trace["Root"],
        "parent_id": trace["Parent"],
        "start_time": started,
        "end_time": time.time(),
        "fault": is_fault,
        # What traces are searched by; attributes in OpenTelemetry's names beside it.
        "annotations": {"job_id": job_id, "step": step},
        "metadata": {
            "default": {
                "service.name": "waybill",
                "faas.name": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
                "waybill.step": step,
                "waybill.job.id": job_id,
            }
        },
    }
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.setblocking(False)
        try:
            daemon.sendto(_HEADER + json.dumps(document).encode(), (host, int(port)))
        except OSError:
            # A trace must not fail the work that it describes.
            return


def _parts(header: str | None) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in (header or "").split(";"))
    return {name: value for name, separator, value in pairs if separator}
