"""The API keys of machines, as API Gateway has them."""

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.authorizer.machines import Machine
from functions.authorizer.verify_token import InvalidToken
from waybill import telemetry

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

# A key that was disabled or deleted is refused after this, and what API Gateway keeps.
_LIFETIME_SECONDS = 300.0
# Guessed keys may not make the function ask API Gateway each time.
_REFETCH_SECONDS = 60.0


class KeysUnreadable(Exception):
    """The API keys cannot be read."""


class ApiKeys:
    """Values of the machines' keys, read again every five minutes."""

    def __init__(
        self,
        machines: Sequence[Machine],
        connect: Callable[[], "APIGatewayClient"],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machines = [machine for machine in machines if machine.api_key_id]
        # A client takes long to make, and most environments have no keys.
        self._connect = connect
        self._clock = clock
        self._values: Mapping[str, Machine] = {}
        self._read_at = self._tried_at = float("-inf")

    def machine_of(self, value: str) -> Machine:
        """The machine whose key this is.

        Raises:
            InvalidToken: nobody's.
            KeysUnreadable: the keys cannot be read.
        """
        is_stale = self._clock() - self._read_at > _LIFETIME_SECONDS
        found = None if is_stale else self._find(value)
        if found is None and self._machines and self._clock() - self._tried_at >= _REFETCH_SECONDS:
            self._tried_at = self._clock()
            self._values = self._read()
            self._read_at = self._clock()
            found = self._find(value)
        if found is None:
            if self._machines and self._clock() - self._read_at > _LIFETIME_SECONDS:
                raise KeysUnreadable("the keys could not be read within the last minute")
            raise InvalidToken("unknown API key")
        return found

    def _find(self, value: str) -> Machine | None:
        """Compares with every key, in a time that tells nothing of them."""
        given = value.encode()
        matches = [
            machine
            for known, machine in self._values.items()
            if hmac.compare_digest(known.encode(), given)
        ]
        return matches[0] if matches else None

    def _read(self) -> dict[str, Machine]:
        values, apigateway = {}, self._connect()
        for machine in self._machines:
            try:
                key = apigateway.get_api_key(apiKey=str(machine.api_key_id), includeValue=True)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "NotFoundException":
                    raise KeysUnreadable(str(error)) from error
                telemetry.action("api-key.missing", level="warning", machine=machine.name)
                continue
            except BotoCoreError as error:
                raise KeysUnreadable(str(error)) from error
            if key["enabled"]:
                values[key["value"]] = machine
        return values
