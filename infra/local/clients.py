"""boto3 clients of the emulator, as its administrator."""

from typing import Any

import boto3
from botocore.config import Config

from infra.environments import DEFAULT_REGION
from infra.local.access_key import AccessKey
from infra.local.emulator import endpoint

AwsClient = Any
"""A boto3 client; its operations are generated at run time."""


class Clients:
    """boto3 clients of the emulator at `port`, one per service."""

    def __init__(self, port: int, key: AccessKey) -> None:
        self.endpoint = endpoint(port)
        self._clients: dict[str, AwsClient] = {}
        self._session = boto3.Session(
            aws_access_key_id=key.key_id,
            aws_secret_access_key=key.secret,
            region_name=DEFAULT_REGION,
        )

    def __call__(self, service: str) -> AwsClient:
        """The client of `service`."""
        if service not in self._clients:
            make: AwsClient = self._session.client
            self._clients[service] = make(
                service,
                endpoint_url=self.endpoint,
                config=Config(retries={"max_attempts": 3}, read_timeout=960),
            )
        return self._clients[service]
