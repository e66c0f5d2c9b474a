"""Certificates of authorities, in the files that drivers read them from."""

import hashlib
import tempfile
from pathlib import Path


def ca_file(pem: str | None) -> str:
    """The path of a file with `pem`; the system's authorities if it is None."""
    if pem is None:
        return "system"
    path = Path(tempfile.gettempdir()) / f"ca-{hashlib.sha256(pem.encode()).hexdigest()[:32]}.pem"
    path.write_text(pem)
    return str(path)
