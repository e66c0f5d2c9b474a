"""The workflows are valid, pinned, run what `make` runs, and may do little."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.bootstrap import ROOT
from infra.delivery.__main__ import workflows
from infra.delivery.tools import ToolError, actionlint, run
from tests.programs import find_program

MAKE = find_program("make")
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job.get("steps", [])]


def test_actionlint_finds_nothing() -> None:
    assert workflows() == f"{len(FILES)} workflows, no findings"


def test_actionlint_notices_a_job_that_needs_an_unknown_one(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(FILES[-1].read_text().replace("needs: staging", "needs: stagging"))
    with pytest.raises(ToolError, match="stagging"):
        run(*actionlint(), str(broken))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash_and_keep_no_credentials(path: Path) -> None:
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
        if "checkout" in step.get("uses", ""):
            assert step["with"] == {"persist-credentials": False}


HANDED_ON = (
    "tar --sort=name -czf release.tar.gz .build/staging .build/prod",
    'gh attestation verify release.tar.gz --repo "$GITHUB_REPOSITORY"',
    "tar -xzf release.tar.gz",
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_is_a_make_target_or_the_whole_check(path: Path) -> None:
    for command in (step["run"] for step in steps(path) if "run" in step):
        # Beside that, only what hands the build on (`test_promotion.py`).
        if command in ("sudo -E .ci/run", *HANDED_ON):
            continue
        tool, *words = command.split()
        assert tool == "make", command
        shown = subprocess.run([MAKE, "-n", *words], cwd=ROOT, capture_output=True, check=False)
        assert shown.returncode == 0, command


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_deployments_may_ask_for_credentials_of_aws(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}
    for name, job in jobs(path).items():
        asks = job.get("permissions", {}).get("id-token") == "write"
        uses = [step.get("uses", "") for step in job.get("steps", ())]
        logs_in = any(use.startswith("aws-actions/configure-aws-credentials@") for use in uses)
        assert logs_in == (name in ("staging", "prod")) == ("environment" in job), name
        # A token also signs the attestation of a build.
        attests = any(use.startswith("actions/attest-build-provenance@") for use in uses)
        assert asks == (logs_in or attests), name


def test_prod_follows_staging_which_follows_the_checks() -> None:
    delivery = jobs(ROOT / ".github" / "workflows" / "deliver.yml")
    assert delivery["check"]["uses"] == "./.github/workflows/check.yml"
    needs = [delivery[name]["needs"] for name in ("build", "staging", "prod")]
    assert needs == ["check", "build", "staging"]
    commands = [step["run"] for step in delivery["staging"]["steps"] if "run" in step]
    deploy = "make deploy ENV=staging APP=.build/staging"
    assert commands[-4:] == [deploy, "make smoke", "make load-test", "make scan"]
    # OWASP ZAP, which needs Docker, looks at the console after that.
    assert delivery["staging"]["steps"][-1]["with"]["fail_action"] is True
