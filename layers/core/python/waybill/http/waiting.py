"""Bounds on requests that wait: each holds a function and a connection meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waybill.database.waits import Waits
from waybill.errors import Retryable
from waybill.http.persistent_connection import PersistentConnection
from waybill.settings import WaitSettings


def client_of(event: APIGatewayProxyEvent) -> str:
    """Who sent the request: the subject of the token, else the address."""
    context = event.raw_event.get("requestContext") or {}
    subject = (context.get("authorizer") or {}).get("principalId")
    return str(subject or (context.get("identity") or {}).get("sourceIp") or "")


@contextmanager
def waiting(
    database: PersistentConnection, kind: str, client: str, settings: WaitSettings
) -> Iterator[bool]:
    """Whether the request may wait; its place is free again at the end.

    Raises:
        Unavailable: the database cannot be reached.
    """
    may_wait = database.run(
        lambda connection: Waits(connection).begin(
            kind, client, per_client=settings.waits_per_client, total=settings.waits_at_once
        )
    )
    try:
        yield may_wait
    finally:
        # Without a connection there is no lock left either.
        with suppress(Retryable):
            database.run(lambda connection: Waits(connection).end())
