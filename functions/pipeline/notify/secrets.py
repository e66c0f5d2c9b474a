"""The secrets of receivers, read when they are needed, so that rotated ones are used at once."""

import json
import re
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from functions.pipeline.notify.delivery_error import DeliveryError
from waybill.clients import secretsmanager_client

_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:(.+)")


class ReceiverSecrets:
    """Reads the secrets of receivers, and no others."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def read(self, arn: str, field: str) -> Mapping[str, str]:
        """The fields of the secret, of which `field` is required.

        Raises:
            DeliveryError: it is not a secret of receivers, cannot be read, or lacks the field.
        """
        match = _ARN.fullmatch(arn)
        if not match or not match[1].startswith(self._prefix):
            raise DeliveryError(f"The secret's name must begin with {self._prefix}.")
        try:
            text = secretsmanager_client().get_secret_value(SecretId=arn)["SecretString"]
            fields = json.loads(text)
        except (ClientError, BotoCoreError) as error:
            raise DeliveryError("The secret cannot be read.") from error
        except (ValueError, KeyError):
            # The exception would have the text of the secret.
            raise DeliveryError("The secret is not a JSON object.") from None
        if not isinstance(fields, dict) or not isinstance(fields.get(field), str):
            raise DeliveryError(f"The secret has no field {field}.")
        return {str(name): str(value) for name, value in fields.items()}
