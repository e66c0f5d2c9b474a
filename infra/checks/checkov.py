"""checkov's rules for CloudFormation, on synthesised templates.

checkov pins other versions of our packages, so it is installed into an environment of its own,
from its own lock.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.bootstrap import ROOT
from infra.checks.findings import Finding
from infra.uv import run_uv

_LOCK = Path(__file__).with_name("requirements.txt")


class CheckovError(Exception):
    """checkov could not be installed, or did not run; the message says why."""


def installed() -> Path:
    """The path of checkov, installed once for a lock.

    Raises:
        CheckovError: uv could not install it.
    """
    mark = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:16]
    home = ROOT / ".build" / f"checkov-{mark}"
    command = home / "bin" / "checkov"
    if not command.is_file():
        shutil.rmtree(home, ignore_errors=True)
        steps = (
            ("venv", "--quiet", "--python", sys.executable, str(home)),
            (
                *("pip", "install", "--quiet", "--require-hashes", "--no-build"),
                *("--python", str(home / "bin" / "python"), "--requirements", str(_LOCK)),
            ),
        )
        for step in steps:
            ended = run_uv(*step)
            if ended.returncode:
                raise CheckovError(f"checkov could not be installed.\n{ended.stderr.strip()}")
    return command


def findings(environment: str, folder: Path) -> list[Finding]:
    """The failed checks of the templates in `folder`.

    Raises:
        CheckovError: checkov could not be installed, did not run, or could not read a template.
    """
    templates = [str(path) for path in sorted(folder.glob("*.template.json"))]
    # Without the network: no rules are fetched, nothing is sent.
    options = ["--skip-download", "--framework", "cloudformation", "--quiet", "--output", "json"]
    ended = subprocess.run(  # noqa: S603 - fixed arguments, no shell
        [str(installed()), *options, "--soft-fail", "--file", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise CheckovError(ended.stderr.strip() or ended.stdout.strip())
    return [one for report in _reports(ended.stdout) for one in _failed(environment, report)]


def _reports(output: str) -> list[dict[str, Any]]:
    parsed = json.loads(output)
    reports: list[dict[str, Any]] = parsed if isinstance(parsed, list) else [parsed]
    for report in reports:
        if report["summary"]["parsing_errors"]:
            raise CheckovError(f"checkov could not read {report['results']['parsing_errors']}.")
    return reports


def _failed(environment: str, report: dict[str, Any]) -> list[Finding]:
    return [
        Finding(environment, one["check_id"], one["resource"], one["check_name"])
        for one in report["results"]["failed_checks"]
    ]
