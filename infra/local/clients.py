"""boto3 clients of the emulator, as its administrator."""

from typing import Any

import boto3
from botocore.config import Config

from infra.environments import DEFAULT_REGION
from infra.local.emulator import CREDENTIALS, endpoint

AwsClient = Any
"""A client of any service: boto3 makes their operations at run time."""


class Clients:
    """Clients of the services of the emulator at `port`, each made once."""

    def __init__(self, port: int) -> None:
        self.endpoint = endpoint(port)
        self._made: dict[str, AwsClient] = {}
        self._session = boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=DEFAULT_REGION,
        )

    def __call__(self, service: str) -> AwsClient:
        """The client of `service`; any operation of it may be called."""
        if service not in self._made:
            make: AwsClient = self._session.client
            self._made[service] = make(
                service,
                endpoint_url=self.endpoint,
                config=Config(retries={"max_attempts": 3}, read_timeout=960),
            )
        return self._made[service]
