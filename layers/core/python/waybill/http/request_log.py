"""The log line and the metrics of a request."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from waybill.metrics.catalogue import (
    CACHE_READS,
    CONNECTIONS_OPENED,
    QUERIES,
    QUERY_SECONDS,
    REQUEST_SECONDS,
    REQUESTS,
    SLOW_QUERIES,
)
from waybill.metrics.record import count, observe
from waybill.usage import USAGE


def request_line(
    event: Mapping[str, Any], endpoint: str, principal: str | None, response: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of the line.

    `endpoint` is the route, never the path or the query: those may contain personal data.
    """
    return {
        "endpoint": endpoint,
        "method": event.get("httpMethod"),
        "status_code": response["statusCode"],
        "principal": principal or "anonymous",
        "query_time_ms": round(USAGE.query_seconds * 1000, 1),
        "db_queries": USAGE.queries,
        "cache_status": USAGE.cache_status,
        "response_size_bytes": _size(response),
    }


def record_request(endpoint: str, method: str, response: Mapping[str, Any], seconds: float) -> None:
    """Count the request and what it used. A request without a route is `unknown`."""
    place = endpoint or "unknown"
    count(REQUESTS, endpoint=place, method=method, status=str(response["statusCode"]))
    observe(REQUEST_SECONDS, seconds, endpoint=place, method=method)
    count(QUERIES, USAGE.queries, endpoint=place)
    count(QUERY_SECONDS, USAGE.query_seconds, endpoint=place)
    count(SLOW_QUERIES, USAGE.slow_queries, endpoint=place)
    count(CONNECTIONS_OPENED, USAGE.connections, endpoint=place)
    count(CACHE_READS, USAGE.cache_hits, endpoint=place, result="hit")
    count(CACHE_READS, USAGE.cache_misses, endpoint=place, result="miss")


def job_of(path_parameters: Mapping[str, Any]) -> str | None:
    """The job in a path; None also for a text that is no id, since it may be anything."""
    try:
        return str(UUID(str(path_parameters.get("job_id"))))
    except ValueError:
        return None


def _size(response: Mapping[str, Any]) -> int:
    body = str(response.get("body") or "")
    if response.get("isBase64Encoded"):
        return len(body) * 3 // 4 - body[-2:].count("=")
    return len(body.encode())
