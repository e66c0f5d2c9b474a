import json
import stat
from pathlib import Path

from functions.authorizer.settings import AuthorizerSettings
from functions.authorizer.signing_keys import GivenKeys
from functions.authorizer.verify_token import verify_token
from infra.environments import LOCAL_AUDIENCE, LOCAL_ISSUER
from infra.local.issuer import LIFETIME_SECONDS, load_issuer

SETTINGS = AuthorizerSettings(
    state_bucket="state", token_issuer=LOCAL_ISSUER, token_audience=LOCAL_AUDIENCE
)


def test_the_key_is_kept_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    assert load_issuer(tmp_path).jwks == load_issuer(tmp_path).jwks
    assert stat.S_IMODE((tmp_path / "issuer.pem").stat().st_mode) == 0o600
    assert "d" not in json.loads(load_issuer(tmp_path).jwks)["keys"][0]


def test_the_authorizer_accepts_its_tokens(tmp_path: Path) -> None:
    issuer = load_issuer(tmp_path)
    token = issuer.token("loader", subject="ada", datasets=["jobs"])
    principal = verify_token(token, GivenKeys(issuer.jwks), SETTINGS)
    assert (principal.subject, principal.role) == ("ada", "loader")
    assert principal.datasets == frozenset({"jobs"})


def test_a_token_is_renewed_in_half_of_its_lifetime(tmp_path: Path) -> None:
    issuer = load_issuer(tmp_path)
    first = issuer.fresh_token()
    assert issuer.fresh_token() == first
    made, _ = issuer._last
    issuer._last = (made - LIFETIME_SECONDS / 2 - 1, first)
    assert issuer.fresh_token() != first
