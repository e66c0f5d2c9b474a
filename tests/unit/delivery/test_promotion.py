"""What staging has tested is what prod gets, and the CDK that deploys it is pinned by hash."""

import json
import re
from typing import Any

import yaml

from infra.bootstrap import ROOT

DELIVER = ROOT / ".github" / "workflows" / "deliver.yml"
LOCK = ROOT / "infra" / "delivery" / "cdk" / "package-lock.json"


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(DELIVER.read_text())["jobs"][job]["steps"]
    return found


def commands(job: str) -> list[str]:
    return [step["run"] for step in steps(job) if "run" in step]


def test_it_is_built_once_and_attested() -> None:
    built = commands("build")
    assert [one for one in built if one.startswith("make")] == [
        "make build",
        "make synth ENV=staging",
        "make synth ENV=prod",
    ]
    uses = [step.get("uses", "").partition("@")[0] for step in steps("build")]
    attested = uses.index("actions/attest-build-provenance")
    assert uses.index("actions/upload-artifact") > attested
    assert steps("build")[attested]["with"] == {"subject-path": "release.tar.gz"}


def test_staging_and_prod_deploy_the_verified_build() -> None:
    for job in ("staging", "prod"):
        found = commands(job)
        assert not [one for one in found if one.startswith(("make build", "make synth"))]
        verified, unpacked, signed, deployed = (
            next(place for place, one in enumerate(found) if one.startswith(start))
            for start in (
                "gh attestation verify release.tar.gz",
                "tar -x",
                "make sign",
                "make deploy",
            )
        )
        assert verified < unpacked < signed < deployed
        assert found[signed] == f"make sign ENV={job} APP=.build/{job}"
        assert found[deployed] == f"make deploy ENV={job} APP=.build/{job}"
        names = [step["with"]["name"] for step in steps(job) if "download" in step.get("uses", "")]
        assert names == ["release"]


def test_the_cdk_is_pinned_by_hash() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    (pinned,) = [one for name, one in packages.items() if name.endswith("/aws-cdk")]
    assert pinned["integrity"].startswith("sha512-")
    named = set(re.findall(r"aws-cdk@([\d.]+)", (ROOT / "infra" / "README.md").read_text()))
    assert named == {pinned["version"]}
    assert "npx" not in (ROOT / "Makefile").read_text()
