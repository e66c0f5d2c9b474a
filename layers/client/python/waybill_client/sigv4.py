"""Tokens of a machine with AWS credentials (SigV4), for `pip install waybill-client[aws]`.

A token is a GetCallerIdentity request to AWS STS, signed with the credentials that the AWS SDK
finds, and bound to the host of one API. The API has STS verify it. Nothing secret is sent.
"""

import base64
import re
import time
from typing import Any
from urllib.parse import urlsplit

from waybill_client.errors import ClientError

_PREFIX = "aws-sts."
_LIFETIME_SECONDS = 120
_QUERY = "Action=GetCallerIdentity&Version=2011-06-15"
_OF_API = re.compile(r"\.execute-api\.([a-z0-9-]+)\.")


class SigV4Token:
    """Gives a token for an API; the same one for half of its two minutes."""

    def __init__(self, api: str) -> None:
        """Find credentials and region.

        Raises:
            ClientError: botocore is not installed, or there are no credentials or no region.
        """
        self._host = urlsplit(api).netloc.lower()
        self._session = _session()
        found = _OF_API.search(api)
        # A token is verified in the region of the API.
        region = found[1] if found else self._session.get_config_variable("region")
        if not region:
            raise ClientError("Set AWS_REGION to the region of the API.")
        self._client = self._session.create_client("sts", region_name=region)
        self._last: tuple[float, str] = (0.0, "")

    def __call__(self) -> str:
        """A token that is valid for a minute at least."""
        made, token = self._last
        if not token or time.time() - made > _LIFETIME_SECONDS / 2:
            made, token = time.time(), self._sign()
            self._last = (made, token)
        return token

    def _sign(self) -> str:
        from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 - an extra
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        credentials = self._session.get_credentials()
        if credentials is None:
            raise ClientError("There are no AWS credentials.")
        meta = self._client.meta
        request: Any = AWSRequest(
            "GET", f"{meta.endpoint_url}/?{_QUERY}", headers={"x-waybill-audience": self._host}
        )
        auth: Any = SigV4QueryAuth
        auth(
            credentials.get_frozen_credentials(), "sts", meta.region_name, _LIFETIME_SECONDS
        ).add_auth(request)
        query = urlsplit(request.url).query
        return _PREFIX + base64.urlsafe_b64encode(query.encode()).rstrip(b"=").decode()


def _session() -> Any:  # noqa: ANN401 - botocore has no types
    try:
        from botocore.session import Session  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ClientError("--sigv4 needs: pip install 'waybill-client[aws]'") from error
    return Session()
