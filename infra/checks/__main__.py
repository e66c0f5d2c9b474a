"""Check every environment on AWS, and the code: `python -m infra.checks`, or `make check`."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.bootstrap import ROOT
from infra.checks import checkov, nag
from infra.checks.accepted import ACCEPTED
from infra.checks.findings import Finding, open_findings, unused
from infra.environments import ENVIRONMENTS

CODE = ("functions", "infra", "layers/core/python", "layers/client/python")


def template_findings(folders: Mapping[str, Path]) -> list[Finding]:
    """What cdk-nag and checkov find in environments that `nag.synthesise` wrote, by name."""
    return [
        finding
        for environment, folder in folders.items()
        for checker in (nag, checkov)
        for finding in checker.findings(environment, folder)
    ]


def bandit() -> str:
    """What bandit finds in the code of medium severity or worse; empty for nothing."""
    options = ("--quiet", "--recursive", "-ll", "--format=txt")
    return _report(sys.executable, "-m", "bandit", *options, *CODE)


def cfn_lint(folders: Mapping[str, Path]) -> str:
    """What cfn-lint finds in the templates of the folders; empty for nothing."""
    templates = [
        str(path) for folder in folders.values() for path in folder.glob("*.template.json")
    ]
    return _report(str(Path(sys.executable).with_name("cfn-lint")), *templates)


def _report(*command: str) -> str:
    """What a checker prints, if it ends with an error."""
    ended = subprocess.run(  # noqa: S603 - fixed arguments, no shell
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return (ended.stdout + ended.stderr).strip() if ended.returncode else ""


def main() -> None:
    """Print what is not accepted; end with an error if there is anything."""
    on_aws = [name for name, one in ENVIRONMENTS.items() if not one.is_local]
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / name for name in on_aws}
        for name, folder in folders.items():
            nag.synthesise(name, folder)
        found = template_findings(folders)
        lint = cfn_lint(folders)
    lines = [
        f"{one.environment}: {one.rule} {one.resource}: {one.text}"
        for one in open_findings(found, ACCEPTED)
    ]
    lines += [
        f"accepted, but not found: {one.rule} {one.resource}" for one in unused(found, ACCEPTED)
    ]
    lines += [text for text in (lint, bandit()) if text]
    for line in lines:
        sys.stdout.write(f"{line}\n")
    if lines:
        sys.exit(1)
    sys.stdout.write(f"{len(found)} findings, all of them accepted in infra/checks/accepted.py\n")


if __name__ == "__main__":
    main()
