"""The local stack's database passwords: generated once, readable by their owner only."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from infra.local.bootstrap import ADMIN, ROLES
from infra.local.clients import Clients


def load_passwords(home: Path) -> dict[str, str]:
    """The password of each role, from `home` or newly generated."""
    file = home / "passwords.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = {ADMIN, *ROLES} - known.keys()
    if missing:
        known |= {role: secrets.token_urlsafe(24) for role in sorted(missing)}
        file.touch(mode=0o600)
        file.write_text(json.dumps(known))
    return known


def store_in_secrets_manager(clients: Clients, passwords: Mapping[str, str]) -> None:
    """Store each password where the functions read it: `waybill/local/<role>`."""
    manager = clients("secretsmanager")
    for role, password in passwords.items():
        value = json.dumps({"password": password})
        try:
            manager.create_secret(Name=f"waybill/local/{role}", SecretString=value)
        except manager.exceptions.ResourceExistsException:
            manager.put_secret_value(SecretId=f"waybill/local/{role}", SecretString=value)
