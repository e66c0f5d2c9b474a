"""Compiles layers for Lambda's interpreter, so that a cold start does not have to."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from infra.layers.target import PYTHON

_PYENV = Path.home() / ".pyenv" / "versions"


@cache
def interpreter() -> Path | None:
    """The path of a Python of the version that Lambda runs; None if this machine has none."""
    name = f"python{PYTHON}"
    candidates = [*sorted(_PYENV.glob(f"{PYTHON}.*/bin/{name}")), *map(Path, _on_path(name))]
    return next((path for path in candidates if _runs(path)), None)


def _on_path(name: str) -> list[str]:
    found = shutil.which(name)
    return [found] if found else []


def _runs(path: Path) -> bool:
    # A launcher of pyenv may be on the path for a version that it does not run.
    ended = subprocess.run(  # noqa: S603 - an interpreter, no shell
        [str(path), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode == 0 and ended.stdout.strip() == PYTHON


def compile_bytecode(folder: Path) -> None:
    """Compile the modules below `folder`; without Lambda's interpreter, only say so.

    The bytecode is valid whatever the times of the files, which packaging changes.
    """
    python = interpreter()
    if python is None:
        sys.stderr.write(
            f"Without Python {PYTHON}, {folder.name} has no bytecode; cold starts take longer.\n"
        )
        return
    # It fails for the templates of packages, which are no valid Python; a test counts the rest.
    options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    subprocess.run(  # noqa: S603 - an interpreter, no shell
        [str(python), "-m", "compileall", *options, str(folder)], check=False, capture_output=True
    )
