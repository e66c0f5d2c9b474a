"""The emulator administrator's access key: random for each stack, readable by its owner only."""

import json
import secrets
from pathlib import Path
from typing import NamedTuple


class AccessKey(NamedTuple):
    """An AWS access key."""

    key_id: str
    secret: str

    @classmethod
    def generate(cls) -> "AccessKey":
        """A new key, with an id in AWS's form."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        key_id = "AKIA" + "".join(secrets.choice(alphabet) for _ in range(16))
        return cls(key_id, secrets.token_urlsafe(30))

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that AWS SDKs read."""
        return {"AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret}


def load_access_key(home: Path) -> AccessKey:
    """The key of the stack in `home`, or a new one."""
    file = home / "access_key.json"
    if file.exists():
        return AccessKey(**json.loads(file.read_text()))
    key = AccessKey.generate()
    file.touch(mode=0o600)
    file.write_text(json.dumps(key._asdict()))
    return key
