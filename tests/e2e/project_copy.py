"""A copy of the project that a test changes as a user would: its own sql/, its own stack."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from infra.bootstrap import ROOT
from infra.local.postgres import free_port
from infra.local.status import Status

_PARTS = ("functions", "infra", "layers", "sql", "cdk.json", "pyproject.toml", "Makefile")
# As the Makefile names them: what was installed from which lock.
_STAMPS = {"infra/local/uv.txt": "uv", "infra/local/requirements.txt": "run"}
_NEVER = shutil.ignore_patterns("__pycache__", ".build")


class ProjectCopy(NamedTuple):
    """The copy, and the environment that its commands run in."""

    folder: Path
    environment: dict[str, str]

    def run(self, script: str) -> str:
        """Run a shell script in the copy; gives what it printed.

        Raises:
            AssertionError: a command of it failed.
        """
        ended = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=900,
        )
        assert ended.returncode == 0, f"{script}\n{ended.stdout}"
        return ended.stdout

    def status(self) -> Status:
        """Where its stack is."""
        return Status.model_validate_json(self.run("make --no-print-directory -s status"))


def copy_project(folder: Path) -> ProjectCopy:
    """Copy what the project runs from to `folder`; packages are those of this interpreter."""
    for part in _PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=_NEVER)
        else:
            shutil.copy2(source, folder / part)
    (folder / "tests").mkdir()
    shutil.copy2(ROOT / "tests" / "requirements.txt", folder / "tests")
    _borrow_packages(folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    kept.pop("DATABASE_URL", None)
    ports = {"WAYBILL_PORT": str(free_port()), "WAYBILL_DATABASE_PORT": str(free_port())}
    return ProjectCopy(folder, {**kept, **ports, "COLUMNS": "120"})


def _borrow_packages(folder: Path) -> None:
    """An environment of its own whose packages are this one's, as `make` would have made it."""
    own, borrowed = folder / ".venv", Path(sys.prefix)
    (own / "bin").mkdir(parents=True)
    for tool in (borrowed / "bin").iterdir():
        if tool.name != "waybill":  # It names the tree that it runs.
            (own / "bin" / tool.name).symlink_to(tool)
    (own / "lib").symlink_to(borrowed / "lib")
    shutil.copy2(borrowed / "pyvenv.cfg", own / "pyvenv.cfg")
    for lock, stamp in _STAMPS.items():
        content = (folder / lock).read_bytes()
        sums = subprocess.run(["/usr/bin/cksum"], input=content, capture_output=True, check=True)
        (own / f".{stamp}-{sums.stdout.split()[0].decode()}").touch()
