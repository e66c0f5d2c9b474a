"""Synthesises the `local` environment, unless nothing that goes into it has changed."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.bootstrap import ROOT

_CACHE = ROOT / ".build" / "assemblies"
_KEPT = 3
_INPUTS = ("functions", "infra", "layers", "sql", "cdk.json", "pyproject.toml")
_LOCK = "infra/local/requirements.txt"
# The local stack's own code and the client are in no package.
_NOT_IN_IT = (ROOT / "infra" / "local", ROOT / "layers" / "client")


class SynthError(Exception):
    """The app could not be synthesised; the message has the end of what it printed."""


def assembly() -> Path:
    """The synthesised assembly of `local`; its folder's name is the hash of all that went in.

    Raises:
        SynthError: the app failed.
    """
    assembly = _CACHE / fingerprint()
    if not assembly.is_dir():
        _CACHE.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=_CACHE, prefix="part-"))
        try:
            _synthesise(made)
            if not assembly.is_dir():
                made.rename(assembly)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        _forget_old(assembly)
    return assembly


def fingerprint() -> str:
    """A hash of the content of every file that the assembly is made from."""
    digest = hashlib.sha256(sys.version.encode())
    for file in sorted(_inputs()):
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:20]


def _inputs() -> Iterator[Path]:
    for name in (*_INPUTS, _LOCK):
        path = ROOT / name
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.is_file() and not _left_out(file):
                yield file


def _left_out(file: Path) -> bool:
    return "__pycache__" in file.parts or any(file.is_relative_to(one) for one in _NOT_IN_IT)


def _synthesise(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "infra.app"],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": json.dumps({"env": "local"}),
            # It takes as long as all the rest; `make synth` and the tests validate templates.
            "CDK_VALIDATION": "false",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode != 0:
        end = "\n".join(ended.stderr.splitlines()[-15:])
        raise SynthError(f"The infrastructure could not be synthesised:\n{end}")


def _forget_old(newest: Path) -> None:
    others = [path for path in _CACHE.iterdir() if path != newest]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
