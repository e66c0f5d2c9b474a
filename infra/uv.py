"""Runs the pinned uv as `uv` itself would, but with pip's settings: `python -m infra.uv pip …`.

uv reads no pip configuration. Somebody whose pip uses a mirror or a company's certificate would
have to configure uv as well, so the index and the certificates are taken over from pip. Needs
nothing but the standard library: it installs the rest.
"""

import ast
import os
import ssl
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

UV = Path(sysconfig.get_path("scripts")) / "uv"
"""The pinned uv of this environment."""

_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}
# Files that pip read, then its environment variables; the later wins.
_SECTIONS = ("global", "install", ":env:")
_INDEX_NAMES = {"UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"}


def uv_environment(environment: Mapping[str, str], pip_config: str) -> dict[str, str]:
    """`environment` with what pip is configured to use, where it does not configure uv itself.

    Args:
        environment: the environment of this process.
        pip_config: the output of `pip config list`.
    """
    configured = _from_pip(pip_config)
    if _INDEX_NAMES & environment.keys():
        configured = {k: v for k, v in configured.items() if k not in _INDEX_NAMES}
    if "UV_INDEX" in configured:
        # A package may be in each index; which file is right is decided by its hash.
        configured["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        configured["UV_SYSTEM_CERTS"] = "1"
    return {**configured, **environment}


def _from_pip(pip_config: str) -> dict[str, str]:
    configured: dict[str, str] = {}
    for section in _SECTIONS:
        for line in pip_config.splitlines():
            key, _, value = line.partition("=")
            name = _NAMES.get(key.removeprefix(f"{section}."))
            if name:
                configured[name] = " ".join(str(ast.literal_eval(value)).split())
    return configured


def run_uv(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run uv and give its exit code and what it wrote to stderr."""
    # An environment made by uv has no pip, and so nothing to take over.
    pip = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(pip, check=False, capture_output=True, text=True).stdout  # noqa: S603 - fixed arguments
    return subprocess.run(  # noqa: S603 - our own program, no shell
        [str(UV), *arguments],
        env=uv_environment(os.environ, listed),
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )


if __name__ == "__main__":
    ended = run_uv(*sys.argv[1:])
    sys.stderr.write(ended.stderr)
    sys.exit(ended.returncode)
