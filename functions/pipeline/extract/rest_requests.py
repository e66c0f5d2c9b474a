"""Authorized requests to a REST API, within its rate limit."""

import base64
import json
import time
from collections.abc import Callable, Mapping

from functions.pipeline.extract.credentials import Credentials, field, needed
from functions.pipeline.extract.source_error import SourceError, reaching_source
from waybill.outbound.http import (
    GuardedHttp,
    Request,
    Response,
    retry_after,
)
from waybill.outbound.origin import origin_of
from waybill.sources.connections import RestConnection

# A pause that is at most so long is waited for here; a longer one frees the function.
_MAX_PAUSE = 3.0
_MAX_PAUSES = 10
_SPARE_SECONDS = 60
Sleep = Callable[[float], None]


class RestRequests:
    """Sends the requests of one run."""

    def __init__(
        self,
        http: GuardedHttp,
        connection: RestConnection,
        read_secret: Callable[[str], Credentials],
        sleep: Sleep = time.sleep,
    ) -> None:
        self._http = http
        self._connection = connection
        self._read_secret = read_secret
        self._sleep = sleep
        self._authorization: Mapping[str, str] | None = None
        self._expires_at = 0.0
        self._next_at = 0.0

    def get(self, url: str) -> Response:
        """The response to a GET of `url`, which is on the source's host.

        Raises:
            SourceError: for every status but 200.
            Unavailable: Secrets Manager cannot be reached.
        """
        with reaching_source():
            return self._get(url)

    def _get(self, url: str) -> Response:
        if origin_of(url) != origin_of(self._connection.url):
            raise SourceError("refused", "The source points to another host.")
        response = self._authorized(url)
        for _ in range(_MAX_PAUSES):
            pause = retry_after(response)
            if response.status != 429 or pause is None or pause > _MAX_PAUSE:
                break
            self._sleep(pause)
            response = self._authorized(url)
        if response.status == 401 and self._connection.auth:
            # The credentials may have been rotated, or the token has expired.
            self._authorization = None
            response = self._authorized(url)
        return _checked(response, url)

    def _authorized(self, url: str) -> Response:
        self._keep_pace()
        headers = {**self._connection.headers, **self._headers()}
        return self._http.send(Request(url, headers))

    def _keep_pace(self) -> None:
        rate = self._connection.requests_per_second
        if rate:
            self._sleep(max(0.0, self._next_at - time.monotonic()))
            self._next_at = max(self._next_at, time.monotonic()) + 1 / rate

    def _headers(self) -> Mapping[str, str]:
        if self._authorization is None or time.monotonic() > self._expires_at:
            self._expires_at = float("inf")
            self._authorization = self._authorize()
        return self._authorization

    def _authorize(self) -> Mapping[str, str]:
        auth = self._connection.auth
        credentials = needed(self._connection.secret_arn, self._read_secret)
        if auth is None:
            return {}
        if auth.kind == "header":
            return {auth.header: _clean(field(credentials, "token"))}
        if auth.kind == "bearer":
            return {"Authorization": f"Bearer {_clean(field(credentials, 'token'))}"}
        return {"Authorization": f"Bearer {self._client_token(credentials)}"}

    def _client_token(self, credentials: Credentials) -> str:
        """An access token for the client's credentials (RFC 6749, section 4.4)."""
        auth = self._connection.auth
        assert auth is not None and auth.token_url is not None  # noqa: S101, PT018 - checked by the model
        client = f"{field(credentials, 'client_id')}:{field(credentials, 'client_secret')}"
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        headers = {"Authorization": f"Basic {base64.b64encode(client.encode()).decode()}"}
        request = Request.of_form(auth.token_url, headers, form)
        response = _checked(self._http.send(request), request.url)
        try:
            answer = json.loads(response.body)
            token, seconds = answer["access_token"], float(answer.get("expires_in", 3600))
        except (ValueError, KeyError, TypeError, AttributeError):
            # The exception would have the text of the response.
            raise SourceError("invalid-response", "The token URL sent no token.") from None
        self._expires_at = time.monotonic() + seconds - min(_SPARE_SECONDS, seconds / 2)
        return _clean(str(token))


def _clean(token: str) -> str:
    if not token.isascii() or not token.isprintable():
        raise SourceError("refused", "The token has characters that a header cannot have.")
    return token


def _checked(response: Response, url: str) -> Response:
    host, status = origin_of(url).host, response.status
    if status == 200:
        return response
    if status == 429:
        raise SourceError("rate-limited", f"{host} responds 429.", retry_after(response))
    if status in (408, 425) or status >= 500:
        raise SourceError("server-error", f"{host} responds {status}.", retry_after(response))
    raise SourceError("refused", f"{host} responds {status}.")
