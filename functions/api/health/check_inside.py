"""What only this function can see: the database, the storage and AWS's hosts from inside the VPC.

For `waybill doctor`, which invokes the function with `{"action": "doctor"}`; API Gateway never
sends such an event.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from functions.api.health.check_health import check_jobs
from functions.api.health.deps import Deps
from waybill.clients import events_client, kms_client, scheduler_client, sqs_client
from waybill.database.connect import connect
from waybill.database.health import Health
from waybill.errors import WaybillError

_HOST_SECONDS = 3.0
# Signatures are refused beyond.
_CLOCK_SECONDS = 300
_EXPECTED = (WaybillError, psycopg.Error, BotoCoreError, ClientError, OSError)


def check_inside(deps: Deps) -> list[dict[str, Any]]:
    """Each check with `ok` and what was found; one that fails is a finding, not an exception."""
    return [_made(name, check, deps) for name, check in _CHECKS.items()]


def _made(name: str, check: Callable[[Deps], str], deps: Deps) -> dict[str, Any]:
    try:
        return {"check": name, "ok": True, "found": check(deps)}
    except _EXPECTED as error:
        return {"check": name, "ok": False, "found": f"{type(error).__name__}: {error}"}


def _database(deps: Deps) -> str:
    """A new log-in as the function's role, encrypted where the settings say so."""
    with connect(deps.settings, "health", patience_seconds=20) as connection:
        Health(connection).ping()
        version = connection.info.server_version // 10000
        is_encrypted = bool(connection.pgconn.ssl_in_use)
    if deps.settings.database_tls != "disable" and not is_encrypted:
        raise OSError("the connection is not encrypted")
    return f"PostgreSQL {version}, {'TLS' if is_encrypted else 'in the clear'}"


def _jobs(deps: Deps) -> str:
    check_jobs(deps)
    return "all move"


def _storage(deps: Deps) -> str:
    deps.s3.head_bucket(Bucket=deps.settings.landing_bucket)
    return "the landing bucket answers"


def _clock(deps: Deps) -> str:
    response = deps.s3.head_bucket(Bucket=deps.settings.landing_bucket)
    served = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
    seconds = abs((datetime.now(UTC) - served).total_seconds())
    if seconds > _CLOCK_SECONDS:
        raise OSError(f"{seconds:.0f} s apart from S3")
    return f"{seconds:.0f} s apart from S3"


def _hosts(_deps: Deps) -> str:
    """A connection to each service that functions in the VPC call; nothing is sent."""
    failed = sorted(_unreached())
    if failed:
        raise OSError(f"unreachable: {', '.join(failed)}")
    return "AWS's hosts are reached"


def _unreached() -> Iterator[str]:
    clients = (sqs_client(), events_client(), kms_client(), scheduler_client())
    for client in clients:
        url = urlsplit(client.meta.endpoint_url)
        place = (str(url.hostname), url.port or 443)
        try:
            socket.create_connection(place, timeout=_HOST_SECONDS).close()
        except OSError:
            yield str(url.hostname)


_CHECKS: Mapping[str, Callable[[Deps], str]] = {
    "database": _database,
    "jobs": _jobs,
    "storage": _storage,
    "clock": _clock,
    "hosts": _hosts,
}
