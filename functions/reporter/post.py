"""Posts an event as an envelope, the format that Sentry-compatible trackers take."""

import json
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus

import urllib3

from functions.reporter.dsn import Dsn
from functions.reporter.errors import UnreachedError
from functions.reporter.report import Report
from waybill import telemetry

_CLIENT = "waybill/1"


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(timeout=urllib3.Timeout(connect=3, read=5), retries=False)


def envelope(event: Report) -> bytes:
    """Three lines of JSON: the envelope's header, the item's, the event."""
    body = json.dumps(event, separators=(",", ":"))
    header = {"event_id": event["event_id"], "sent_at": datetime.now(UTC).isoformat()}
    item = {"type": "event", "length": len(body), "content_type": "application/json"}
    return "\n".join((json.dumps(header), json.dumps(item), body, "")).encode()


def post(dsn: Dsn, event: Report) -> None:
    """Send the event. One that the tracker refuses is left: the log has it.

    Raises:
        UnreachedError: it cannot be reached, or has an error of its own.
    """
    auth = f"Sentry sentry_version=7, sentry_client={_CLIENT}, sentry_key={dsn.key}"
    headers = {"Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": auth}
    try:
        response = _pool().request(
            "POST", dsn.url, body=envelope(event), headers=headers, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise UnreachedError("The error tracker is unreachable.") from error
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UnreachedError(f"The error tracker answers {response.status}.")
    if response.status >= HTTPStatus.MULTIPLE_CHOICES:
        telemetry.action("report.refused", level="warning", status=response.status)
