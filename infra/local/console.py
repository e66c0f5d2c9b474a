"""What the emulator's process needs to serve the console."""

import json
from pathlib import Path

from infra.bootstrap import ROOT
from infra.console_headers import security_headers
from infra.local.issuer import ALGORITHM, LIFETIME_SECONDS, Issuer

FILES = ROOT / "functions" / "console" / "static"


def write_settings(folder: Path, port: int, issuer: Issuer, key_file: Path) -> Path:
    """Write the settings of `emulator_console.py` into `folder`; returns the file."""
    # Presigned URLs name 127.0.0.1, whichever name the console was opened with.
    uploads = [f"http://127.0.0.1:{port}"]
    settings = {
        "root": str(FILES),
        "headers": security_headers(uploads),
        "tokens": {
            "key_file": str(key_file),
            "key_id": issuer.key_id,
            "algorithm": ALGORITHM,
            "lifetime_seconds": LIFETIME_SECONDS,
            "claims": issuer.claims(),
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "console.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(settings))
    return file
