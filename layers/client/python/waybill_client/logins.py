"""Logins that `waybill login` made: tokens by API, in a file that only its owner may read."""

import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from waybill_client.issuer import Issuer
from waybill_client.tokens import Tokens

_FRESH_SECONDS = 60


class Login(NamedTuple):
    """A login at an issuer, for one API."""

    issuer: str
    client_id: str
    access_token: str
    refresh_token: str | None
    expires_at: float
    """In Unix seconds."""

    @classmethod
    def of(cls, issuer: Issuer, tokens: Tokens) -> "Login":
        """The login that the issuer's tokens are."""
        expires_at = time.time() + tokens.expires_in
        return cls(
            issuer.url, issuer.client_id, tokens.access_token, tokens.refresh_token, expires_at
        )


def logins_file() -> Path:
    """`waybill/logins.json` in the user's configuration folder."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "waybill" / "logins.json"


def save_login(api: str, login: Login | None) -> None:
    """Keep a login for the API; None forgets it."""
    file, logins = logins_file(), _read()
    logins.pop(api, None)
    if login:
        logins[api] = login._asdict()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_suffix(f".{os.getpid()}")
    part.touch(mode=0o600)
    part.write_text(json.dumps(logins))
    part.replace(file)


def token_of(api: str, http: httpx.Client) -> str | None:
    """A valid token for the API, refreshed where needed; None without a login, or after its end.

    Raises:
        ClientError: the issuer cannot be reached.
    """
    kept = _read().get(api)
    if kept is None:
        return None
    login = Login(**kept)
    if login.expires_at - time.time() > _FRESH_SECONDS:
        return login.access_token
    if login.refresh_token is None:
        return None
    issuer = Issuer(login.issuer, login.client_id, http)
    tokens = issuer.refresh(login.refresh_token)
    if tokens is None:
        save_login(api, None)
        return None
    # Some issuers give a new refresh token each time, others keep the first one.
    tokens = tokens._replace(refresh_token=tokens.refresh_token or login.refresh_token)
    save_login(api, Login.of(issuer, tokens))
    return tokens.access_token


def _read() -> dict[str, dict[str, Any]]:
    try:
        logins: dict[str, dict[str, Any]] = json.loads(logins_file().read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return logins
