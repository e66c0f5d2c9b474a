"""`waybill doctor` on this machine, without a stack."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from infra.bootstrap import ROOT
from infra.doctor.command import local_findings, show
from infra.doctor.findings import ok, unknown, wrong
from infra.local.status import Status


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAYBILL_HOME", str(tmp_path))
    return tmp_path


def test_a_stack_that_is_down_is_named(home: Path) -> None:
    found = {one.check: one for one in local_findings(Status())}
    assert list(found) == ["python", "disk", "privacy", "stack"]
    assert found["stack"] == wrong(
        "stack", "down", "Start it with `make up`; after a crash `make restart`."
    )
    assert found["privacy"].outcome == "ok"
    (home / "key").write_text("secret")
    (home / "key").chmod(0o644)
    again = {one.check: one for one in local_findings(Status())}
    assert again["privacy"].advice == f"chmod 600 {home}/key"


def test_what_is_wrong_comes_with_advice_and_fails() -> None:
    out = Console(file=StringIO(), width=200)
    assert show([ok("one", "fine")], out)
    assert not show([wrong("two", "red\x1b[31m", "Mend it."), unknown("three", "?", "Retry.")], out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "WRONG   two" in text
    assert "→ Mend it." in text
    assert "UNKNOWN three" in text
    assert "\x1b" not in text


def test_the_commands_start_without_the_cdk() -> None:
    code = "import sys, infra.local.commands; sys.exit('aws_cdk' in sys.modules)"
    command = [sys.executable, "-c", f"import infra.local.__main__; {code}"]
    subprocess.run(command, check=True, cwd=ROOT)
