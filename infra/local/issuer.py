"""The development issuer: signs the tokens that the local stack's API accepts.

Its key pair is made once for a stack and is readable by its owner only. The API verifies the
tokens with the same code as on AWS.
"""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from infra.environments import LOCAL_AUDIENCE, LOCAL_ISSUER
from waybill.http.principal import Role

LIFETIME_SECONDS = 30 * 60
ALGORITHM = "ES256"


class Issuer:
    """A key pair and its id."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self.key = key
        self.key_id = _thumbprint(key)
        self._last: tuple[float, str] = (0.0, "")

    @property
    def jwks(self) -> str:
        """The public key as a JSON Web Key Set."""
        public: dict[str, Any] = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        named = {**public, "kid": self.key_id, "use": "sig", "alg": ALGORITHM}
        return json.dumps({"keys": [named]})

    def claims(self, role: Role = "admin", *, subject: str = "developer") -> dict[str, Any]:
        """The claims of a token that do not depend on the time."""
        return {"iss": LOCAL_ISSUER, "aud": LOCAL_AUDIENCE, "sub": subject, "roles": [role]}

    def token(
        self,
        role: Role = "admin",
        *,
        subject: str = "developer",
        datasets: Sequence[str] | None = None,
        **claims: Any,  # noqa: ANN401 - JSON
    ) -> str:
        """A token for half an hour; `claims` are added, and replace the usual ones."""
        now = int(time.time())
        usual: dict[str, Any] = {
            **self.claims(role, subject=subject),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": str(uuid4()),
        }
        if datasets is not None:
            usual["datasets"] = list(datasets)
        return jwt.encode({**usual, **claims}, self.key, ALGORITHM, headers={"kid": self.key_id})

    def fresh_token(self) -> str:
        """An administrator's token, the same for half of its lifetime."""
        made, token = self._last
        if time.time() - made > LIFETIME_SECONDS / 2:
            token = self.token()
            self._last = (time.time(), token)
        return token


def key_file(home: Path) -> Path:
    """Where the stack in `home` has its issuer's private key."""
    return home / "issuer.pem"


def load_issuer(home: Path) -> Issuer:
    """The issuer of the stack in `home`, or a new one."""
    file = key_file(home)
    if not file.exists():
        part = home / f"issuer.pem.{os.getpid()}"
        part.touch(mode=0o600)
        part.write_bytes(
            ec.generate_private_key(ec.SECP256R1()).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        part.replace(file)
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{file} has no key of an elliptic curve.")
    return Issuer(key)


def _thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """The key's id: it depends on the key alone."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(public).hexdigest()[:32]
