"""Connections: verified TLS, IAM or a cached password, and a timeout on everything."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_before_delay,
    wait_random_exponential,
)

from waybill import telemetry
from waybill.database.counting_cursor import CountingCursor
from waybill.errors import OutOfResources, Unavailable
from waybill.settings import DatabaseSettings
from waybill.usage import USAGE

Connection = psycopg.Connection[tuple[Any, ...]]

# The driver has no SQLSTATE (53300) of a connection that was refused.
_TOO_MANY = re.compile("too many (clients|connections)|remaining connection slots are reserved")
_RDS_BUNDLE = "/opt/python/waybill/rds-global-bundle.pem"
CONNECT_SECONDS = 5
"""How long an address of the host is waited for."""
# Every session reads and writes times in UTC, whatever the server's default.
_SESSION = "-c timezone=UTC -c idle_in_transaction_session_timeout=60s -c lock_timeout=3s"


@cache
def _secret(arn: str) -> str:
    try:
        kept = boto3.client("secretsmanager").get_secret_value(SecretId=arn)
    except (ClientError, BotoCoreError) as error:
        # Treated like an unreachable database: it does not count as an attempt.
        raise Unavailable("secrets-unavailable", "The password cannot be read.") from error
    return str(json.loads(kept["SecretString"])["password"])


def _passwords(settings: DatabaseSettings) -> Iterator[str]:
    """What to log in with, in the order to try it."""
    if settings.database_auth != "secret":
        yield _token(settings)
    if settings.database_auth != "iam":
        yield _secret(str(settings.database_secret_arn))


def _token(settings: DatabaseSettings) -> str:
    # An IAM token is made locally, lasts 15 minutes and matters at connect only.
    return str(
        boto3.client("rds").generate_db_auth_token(
            settings.database_host, settings.database_port, settings.database_user
        )
    )


def parameters(settings: DatabaseSettings, name: str, password: str) -> dict[str, Any]:
    """Parameters of libpq for a connection of the step `name`."""
    tls = {"sslrootcert": _RDS_BUNDLE} if settings.database_tls == "verify-full" else {}
    return {
        "host": settings.database_host,
        "port": settings.database_port,
        "dbname": settings.database_name,
        "user": settings.database_user,
        "password": password,
        "sslmode": settings.database_tls,
        "application_name": f"waybill-{name}",
        "connect_timeout": CONNECT_SECONDS,
        "options": _SESSION,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        # A server that vanished while the environment was frozen is noticed before the gateway
        # gives up (29 s), and not after the minute that keepalives take.
        "tcp_user_timeout": 10_000,
        **tls,
    }


def _log_in(settings: DatabaseSettings, name: str, timeout_seconds: int) -> Connection:
    passwords = list(_passwords(settings))
    while True:
        given = parameters(settings, name, passwords.pop(0))
        given["connect_timeout"] = timeout_seconds
        try:
            connection = psycopg.connect(**given, autocommit=True, cursor_factory=CountingCursor)
        except psycopg.OperationalError as error:
            # libpq has no SQLSTATE for a refused log-in, and PAM has words of its own.
            if not passwords or "authentication failed" not in str(error):
                raise
            telemetry.action("connection.token-refused")
        else:
            USAGE.connected()
            return connection


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    telemetry.action(
        "connection.refused", level="warning", tries=state.attempt_number, detail=str(error)
    )


def connect(
    settings: DatabaseSettings,
    name: str,
    *,
    patience_seconds: float = 20.0,
    retry_when_full: bool = True,
    timeout_seconds: int = CONNECT_SECONDS,
) -> Connection:
    """An autocommit connection for the step `name`.

    A paused Aurora resumes in 15 to 30 s, so connecting is tried again with jittered pauses
    for `patience_seconds`; where no connection is left, with `retry_when_full` only. Each address
    of the host is waited for `timeout_seconds` at each try.

    Raises:
        Unavailable: the server could not be reached in that time.
        OutOfResources: the server had no connection left in that time.
    """
    retrying = Retrying(
        retry=retry_if_exception(
            lambda error: (
                isinstance(error, psycopg.OperationalError)
                and (retry_when_full or not _TOO_MANY.search(str(error)))
            )
        ),
        wait=wait_random_exponential(multiplier=0.2, max=5.0),
        stop=stop_before_delay(patience_seconds),
        before_sleep=_log_retry,
        reraise=True,
    )
    try:
        return retrying(_log_in, settings, name, timeout_seconds)
    except psycopg.OperationalError as error:
        if _TOO_MANY.search(str(error)):
            detail = "The database has no connection left."
            raise OutOfResources("database-out-of-resources", detail) from error
        detail = "The database cannot be reached."
        raise Unavailable("database-unavailable", detail) from error
