"""Log in at an OIDC issuer: the device flow (RFC 8628), or a user pool of Cognito."""

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx

from waybill_client.cognito import CognitoPool, Prompt
from waybill_client.errors import ClientError
from waybill_client.tokens import Tokens

_COGNITO = re.compile(r"https://cognito-idp\.([a-z0-9-]+)\.amazonaws\.com/\w[\w-]*")
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_DEFAULT_INTERVAL = 5
Show = Callable[[str], None]
Sleep = Callable[[float], None]


class Dialog(NamedTuple):
    """How the user is asked and told."""

    prompt: Prompt
    show: Show
    sleep: Sleep = time.sleep


class Issuer:
    """An issuer, and this client's id there."""

    def __init__(self, url: str, client_id: str, http: httpx.Client) -> None:
        """Use the issuer at `url`.

        Raises:
            ClientError: it is not an https URL.
        """
        if not url.startswith("https://"):
            raise ClientError(f"{url} is not an https URL.")
        self.url = url.rstrip("/")
        self.client_id = client_id
        self._http = http
        found = _COGNITO.fullmatch(self.url)
        self._pool = CognitoPool(found[1], client_id, http) if found else None

    def log_in(self, dialog: Dialog) -> Tokens:
        """Let the user log in.

        Raises:
            ClientError: it is refused, or the issuer has no way for a command line.
        """
        if self._pool:
            return self._pool.log_in(dialog.prompt, dialog.show)
        configuration = self._configuration()
        endpoint = configuration.get("device_authorization_endpoint")
        if not endpoint:
            raise ClientError("The issuer has no device login. Set WAYBILL_TOKEN.")
        form = {"client_id": self.client_id, "scope": "openid offline_access"}
        device = self._post(str(endpoint), form)
        if device.status_code != HTTPStatus.OK:
            raise ClientError(f"The issuer refuses: {_reason(device)}")
        return self._poll(str(configuration["token_endpoint"]), device.json(), dialog)

    def refresh(self, refresh_token: str) -> Tokens | None:
        """New tokens; None when the login has ended.

        Raises:
            ClientError: the issuer cannot be reached.
        """
        if self._pool:
            return self._pool.refresh(refresh_token)
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self.client_id,
        }
        response = self._post(str(self._configuration()["token_endpoint"]), form)
        return Tokens.of(response.json()) if response.status_code == HTTPStatus.OK else None

    def _configuration(self) -> dict[str, Any]:
        response = self._send("GET", f"{self.url}/.well-known/openid-configuration")
        configuration: dict[str, Any] = (
            response.json() if response.status_code == HTTPStatus.OK else {}
        )
        if configuration.get("issuer", "").rstrip("/") != self.url:
            raise ClientError(f"{self.url} has no OpenID configuration.")
        return configuration

    def _poll(self, endpoint: str, device: dict[str, Any], dialog: Dialog) -> Tokens:
        target = device.get("verification_uri_complete") or device["verification_uri"]
        dialog.show(f"Open {target} and confirm the code {device['user_code']}.")
        interval = float(device.get("interval", _DEFAULT_INTERVAL))
        ends = time.monotonic() + float(device["expires_in"])
        form = {
            "grant_type": _DEVICE_GRANT,
            "device_code": device["device_code"],
            "client_id": self.client_id,
        }
        while time.monotonic() < ends:
            dialog.sleep(interval)
            response = self._post(endpoint, form)
            if response.status_code == HTTPStatus.OK:
                return Tokens.of(response.json())
            reason = _reason(response)
            if reason == "slow_down":
                interval += _DEFAULT_INTERVAL
            elif reason != "authorization_pending":
                raise ClientError(f"The login was refused: {reason}.")
        raise ClientError("The code has expired. Log in again.")

    def _post(self, url: str, form: dict[str, str]) -> httpx.Response:
        return self._send("POST", url, data=form)

    def _send(self, method: str, url: str, **kwargs: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        if not url.startswith("https://"):
            raise ClientError(f"{url} is not an https URL.")
        try:
            return self._http.request(method, url, **kwargs)
        except httpx.HTTPError as error:
            raise ClientError(f"{self.url} cannot be reached: {error}") from error


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json().get("error", response.status_code))
    except ValueError:
        return str(response.status_code)
