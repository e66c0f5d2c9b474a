"""An OIDC issuer with its own log-in page: authorization code flow with PKCE (RFC 7636).

Its tokens are signed with the key of the local stack, so that the API accepts them.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlencode, urlsplit

from infra.local.issuer import Issuer
from tests.e2e.threaded_server import ThreadedServer

CLIENT_ID = "console"


class OidcIssuer(ThreadedServer):
    """Logs in the user `ann` as a loader, at the redirect URI of its one client only."""

    def __init__(self, signer: Issuer) -> None:
        super().__init__(_Handler)
        self.signer = signer
        self.redirect_uri = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: set[str] = set()
        self.grants: list[str] = []
        self.lifetime = 600

    def tokens(self) -> dict[str, object]:
        """A response of the token endpoint."""
        refresh = token_urlsafe()
        self.refresh_tokens.add(refresh)
        return {
            "access_token": self.signer.token("loader", subject="ann"),
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
        }

    def accepts(self, form: dict[str, str]) -> bool:
        """Whether the form has a code, or a refresh token, of this issuer; each is used once."""
        self.grants.append(form.get("grant_type", ""))
        if form.get("grant_type") == "refresh_token":
            return form.get("refresh_token") in self.refresh_tokens
        request = self.codes.pop(form.get("code", ""), None)
        if request is None:
            return False
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).decode().rstrip("=")
        same = all(form.get(name) == request[name] for name in ("client_id", "redirect_uri"))
        return same and challenge == request["code_challenge"]


class _Handler(BaseHTTPRequestHandler):
    server: OidcIssuer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/.well-known/openid-configuration":
            base = self.server.url
            configuration = {
                "issuer": base,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
            }
            self._respond(200, json.dumps(configuration), "application/json")
        elif url.path == "/authorize" and self._is_allowed(query):
            form = "".join(
                f'<input type="hidden" name="{name}" value="{value}">'
                for name, value in query.items()
            )
            button = "<button>Log in as ann</button>"
            page = f'<title>Issuer</title><form action="/approve">{form}{button}</form>'
            self._respond(200, page, "text/html")
        elif url.path == "/approve" and self._is_allowed(query):
            code = token_urlsafe()
            self.server.codes[code] = query
            answer = urlencode({"code": code, "state": query["state"]})
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{answer}")
            self.end_headers()
        else:
            self._respond(400, "refused", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if self.path == "/token" and self.server.accepts(form):
            self._respond(200, json.dumps(self.server.tokens()), "application/json")
        else:
            self._respond(400, '{"error": "invalid_grant"}', "application/json")

    def _is_allowed(self, query: dict[str, str]) -> bool:
        return (
            query.get("client_id") == CLIENT_ID
            and query.get("redirect_uri") == self.server.redirect_uri
            and query.get("response_type") == "code"
            and query.get("code_challenge_method") == "S256"
        )

    def _respond(self, status: int, body: str, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # The page of the console reads the responses.
        self.send_header("Access-Control-Allow-Origin", self.server.redirect_uri.rstrip("/"))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""
