"""What `make` installs does not depend on what is published after the locks were made."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.bootstrap import ROOT
from infra.uv import UV as REAL_UV
from infra.uv import run_uv
from tests.unit.setup.locks import RUN, TEST, UV, Locked
from tests.unit.setup.package_index import rewrite_lock, serving

_FILES = ("Makefile", "pyproject.toml", "infra/__init__.py", "infra/bootstrap.py", "infra/uv.py")
_SEEDS = {"pip", "setuptools", "wheel"}
# What the first release of each supported Python brought in its virtual environments.
_OLDEST_PIP = Path(__file__).with_name("oldest_pip.txt")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with the real Makefile, and a virtual environment with the oldest pip."""
    for file in _FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, tmp_path / file)
    python = tmp_path / ".venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    arguments = ("pip", "install", "--quiet", "--python", str(python), "--require-hashes")
    ended = run_uv(*arguments, "-r", str(_OLDEST_PIP))
    assert ended.returncode == 0, ended.stderr
    return tmp_path


def _make(tree: Path, index: str, *targets: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tree),
        "UV_CACHE_DIR": str(tree / "cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index,
        "NO_PROXY": "127.0.0.1",
    }
    command = ["make", "-C", str(tree), *targets]
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def _installed(tree: Path) -> dict[str, str]:
    python = str(tree / ".venv/bin/python")
    command = [str(REAL_UV), "pip", "list", "--format", "json", "--python", python]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {one["name"]: one["version"] for one in json.loads(listed) if one["name"] not in _SEEDS}


def _versions(entries: list[Locked]) -> dict[str, str]:
    return {entry.name: entry.version for entry in entries if entry.applies}


def test_newer_releases_of_every_package_change_nothing(tree: Path) -> None:
    run, test, uv = (rewrite_lock(path, tree) for path in (RUN, TEST, UV))
    with serving([*test, *uv]) as index:
        _make(tree, index, ".venv/bin/waybill")
        assert _installed(tree) == _versions(run)
        _make(tree, index, "install")
        assert _installed(tree) == _versions(test)


def test_a_package_that_left_the_lock_is_removed(tree: Path) -> None:
    run, test, uv = (rewrite_lock(path, tree) for path in (RUN, TEST, UV))
    with serving([*test, *uv]) as index:
        _make(tree, index, "install")
        lock = tree / RUN
        first, *_ = [entry for entry in run if entry.name != "uv" and entry.applies]
        blocks = lock.read_text().split("\n")
        start = next(n for n, line in enumerate(blocks) if line.startswith(f"{first.name}=="))
        lock.write_text("\n".join(blocks[:start] + blocks[start + 2 :]))
        _make(tree, index, ".venv/bin/waybill")
        assert _installed(tree) == _versions([one for one in run if one.name != first.name])
        _make(tree, index, "install")
        assert _installed(tree) == _versions(test)
