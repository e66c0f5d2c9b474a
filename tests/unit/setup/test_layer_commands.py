"""The commands that lock the layers and build them."""

import subprocess
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.bootstrap import ROOT
from infra.delivery import __main__ as delivery
from infra.delivery.tools import ToolError
from infra.layers import __main__ as build
from infra.layers import lock
from infra.layers.packages import LayerError, lock_of

TESTED = ROOT / "tests" / "requirements.txt"


class Compiled(NamedTuple):
    """A layer that uv was told to lock."""

    listed: list[str]
    output: Path
    constraints: list[Path]
    arguments: tuple[str, ...]


def _recorder(compiled: list[Compiled], error: str = "") -> object:
    def run_uv(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = list(arguments)
        constraints = [Path(b) for a, b in pairwise(given) if a == "--constraints"]
        output = Path(given[given.index("--output-file") + 1])
        listed = Path(given[2]).read_text().splitlines()
        compiled.append(Compiled(listed, output, constraints, arguments))
        return subprocess.CompletedProcess(given, 1 if error else 0, stderr=error)

    return run_uv


def test_layers_are_locked_to_tested_versions_core_first(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Compiled] = []
    monkeypatch.setattr(lock, "run_uv", _recorder(compiled))
    lock.main()
    assert [one.output for one in compiled] == [
        lock_of(layer) for layer in ("core", "arrow", "auth", "cache")
    ]
    assert compiled[0].constraints == [TESTED]
    assert [one.constraints for one in compiled[1:]] == [[TESTED, lock_of("core")]] * 3
    assert all("--generate-hashes" in one.arguments for one in compiled)
    assert any(line.startswith("psycopg") for line in compiled[0].listed)
    assert any(line.startswith("pyarrow") for line in compiled[1].listed)


def test_a_lock_that_cannot_be_made_ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Compiled] = []
    monkeypatch.setattr(lock, "run_uv", _recorder(compiled, "no version of psycopg fits"))
    with pytest.raises(SystemExit, match="no version of psycopg fits"):
        lock.main()
    assert len(compiled) == 1


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "layer"
    folder.mkdir()
    (folder / "module.py").write_bytes(b"x" * 1024**2)
    monkeypatch.setattr(build, "core_layer", lambda _: folder)
    monkeypatch.setattr(build, "packages", lambda _: folder)
    monkeypatch.setattr(build, "heaviest_function", lambda: 2 * 1024**2)
    return folder


def test_sizes_of_layers_are_printed(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build.main()
    lines = [line.rsplit(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [line[:2] for line in lines] == [
        ["core", "1.0"], ["arrow", "1.0"], ["auth", "1.0"], ["cache", "1.0"],
        ["largest function", "2.0"], ["together", "6.0"], ["limit", "250.0"],
    ]  # fmt: skip
    assert layer.is_dir()


@pytest.mark.usefixtures("layer")
def test_layers_that_are_too_large_end_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "heaviest_function", lambda: 247 * 1024**2)
    with pytest.raises(SystemExit, match="larger than Lambda allows"):
        build.main()


@pytest.mark.usefixtures("layer")
def test_a_layer_that_cannot_be_built_ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_: str) -> Path:
        raise LayerError("No connection to the index.")

    monkeypatch.setattr(build, "packages", unavailable)
    with pytest.raises(SystemExit, match="No connection to the index"):
        build.main()


def test_a_delivery_step_prints_its_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(delivery.STEPS, "audit", lambda: "no known vulnerabilities")
    monkeypatch.setattr("sys.argv", ["delivery", "audit"])
    delivery.main()
    assert capsys.readouterr().out == "no known vulnerabilities\n"


def test_a_delivery_step_that_fails_ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> str:
        raise ToolError("actionlint: 1 error")

    monkeypatch.setitem(delivery.STEPS, "workflows", failing)
    monkeypatch.setattr("sys.argv", ["delivery", "workflows"])
    with pytest.raises(SystemExit, match="actionlint: 1 error"):
        delivery.main()
