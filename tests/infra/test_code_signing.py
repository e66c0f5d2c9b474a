"""Where a signer is named, Lambda takes only code that it signed, and a delivery signs it all."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_cdk import App
from botocore.exceptions import WaiterError
from moto import mock_aws

from infra.app import build, choose_environment
from infra.code_signing import CodeSigning, InvalidSigningError
from infra.context import context
from infra.delivery.sign import Signer, sign, sign_assembly
from infra.delivery.tools import ToolError
from infra.functions import SPECS
from tests.infra.template import Synthesised

PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/waybill/aBc123"
BUCKET = "waybill-signing"
NAMED = {"profile": PROFILE, "bucket": BUCKET}
MOST_RESOURCES = 500


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("signed")
    values = {**context(), "env": "prod", "code_signing": {"prod": NAMED}}
    app = App(context=values, outdir=str(made), analytics_reporting=False)
    build(app, choose_environment(app))
    app.synth()
    return made


class FakeSigner:
    """Signs as AWS Signer does: from a version of an object to another object."""

    def __init__(self, s3: Any, *, fails: bool = False) -> None:
        self.s3, self.fails = s3, fails
        self.jobs: list[Mapping[str, Any]] = []

    def start_signing_job(self, **job: Any) -> dict[str, str]:
        self.jobs.append(job)
        return {"jobId": str(len(self.jobs) - 1)}

    def get_waiter(self, name: str) -> "FakeSigner":
        assert name == "successful_signing_job"
        return self

    def wait(self, **_: object) -> None:
        if self.fails:
            raise WaiterError("successful_signing_job", "it failed", {})

    def describe_signing_job(self, *, jobId: str) -> Mapping[str, Any]:  # noqa: N803 - AWS's name
        job = self.jobs[int(jobId)]
        source, target = job["source"]["s3"], job["destination"]["s3"]
        version = {"VersionId": source["version"]}
        read = self.s3.get_object(Bucket=source["bucketName"], Key=source["key"], **version)
        key = f"{target['prefix']}{jobId}.zip"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=read["Body"].read() + b"signature")
        return {"signedObject": {"s3": {"bucketName": BUCKET, "key": key}}}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1")
        made.create_bucket(Bucket=BUCKET)
        yield made


def versioned(s3: Any) -> Any:
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=enabled)
    return s3


def test_every_function_refuses_code_of_others(folder: Path) -> None:
    prod = Synthesised.read("prod", folder)
    (config,) = prod.of_type("AWS::Lambda::CodeSigningConfig").values()
    assert config["AllowedPublishers"] == {"SigningProfileVersionArns": [PROFILE]}
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    functions = prod.functions()
    assert functions.keys() >= SPECS.keys()
    assert all("CodeSigningConfigArn" in functions[name] for name in SPECS)
    for template in prod.templates.values():
        assert len(template["Resources"]) <= MOST_RESOURCES


def test_without_a_signer_nothing_is_refused(on_aws: Synthesised) -> None:
    assert not on_aws.of_type("AWS::Lambda::CodeSigningConfig")
    assert not [one for one in on_aws.functions().values() if "CodeSigningConfigArn" in one]


def _small(folder: Path, target: Path) -> Path:
    """The assembly as it is, but with little in its packages."""
    for path in folder.glob("*.json"):
        (target / path.name).write_bytes(path.read_bytes())
    for path in folder.glob("asset.*"):
        (target / path.name).mkdir()
        (target / path.name / "code.py").write_text(path.name)
    return target


def test_what_is_deployed_is_signed(folder: Path, s3: Any, tmp_path: Path) -> None:
    assembly = _small(folder, tmp_path)
    signer = FakeSigner(versioned(s3))
    count = sign_assembly(assembly, Signer(CodeSigning(**NAMED), s3, signer))
    assert count == len(signer.jobs)
    assert {job["profileName"] for job in signer.jobs} == {"waybill"}
    prod = Synthesised.read("prod", assembly)
    functions = prod.functions()
    layers = prod.of_type("AWS::Lambda::LayerVersion").values()
    keys = {functions[name]["Code"]["S3Key"] for name in SPECS}
    keys |= {layer["Content"]["S3Key"] for layer in layers}
    assert len(keys) == count
    assert all(key.endswith(".signed.zip") for key in keys)
    published = _published(assembly)
    for key in keys:
        file = assembly / published[key]["path"]
        assert published[key]["packaging"] == "file"
        assert file.read_bytes().endswith(b"signature")
        with zipfile.ZipFile(file) as package:
            assert package.namelist()[-1] == "code.py"
    # CloudFormation is given the template that names them, not one that was published before.
    manifest = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    for name in ("waybill-prod", "waybill-prod-data"):
        url = manifest[name]["properties"]["stackTemplateAssetObjectUrl"]
        assert published[url.rpartition("/")[2]]["path"] == f"{name}.template.json"
        assert url.endswith(".signed.json")
    with pytest.raises(ToolError, match="is signed"):
        sign_assembly(assembly, Signer(CodeSigning(**NAMED), s3, signer))


def _published(assembly: Path) -> dict[str, Mapping[str, Any]]:
    """The source of each object that a deployment publishes, by its key."""
    return {
        destination["objectKey"]: file["source"]
        for path in assembly.glob("*.assets.json")
        for file in json.loads(path.read_text())["files"].values()
        for destination in file["destinations"].values()
    }


def test_a_refusal_or_a_bucket_without_versions_ends_it(
    folder: Path, s3: Any, tmp_path: Path
) -> None:
    assembly = _small(folder, tmp_path)
    with pytest.raises(ToolError, match="keeps no versions"):
        sign_assembly(assembly, Signer(CodeSigning(**NAMED), s3, FakeSigner(s3)))
    refusing = FakeSigner(versioned(s3), fails=True)
    with pytest.raises(ToolError, match="it failed"):
        sign_assembly(assembly, Signer(CodeSigning(**NAMED), s3, refusing))
    assert not list(assembly.glob("*.signed.zip"))


@pytest.mark.parametrize(
    "values",
    [{}, {"profile": PROFILE}, {**NAMED, "more": "x"}, {**NAMED, "profile": "waybill"},
     {**NAMED, "bucket": "arn:aws:s3:::x"}],
)  # fmt: skip
def test_an_incomplete_signer_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(InvalidSigningError):
        CodeSigning.from_context(values)


def test_the_step_leaves_an_environment_without_a_signer_as_it_is(tmp_path: Path) -> None:
    assert sign("staging", tmp_path) == "staging: cdk.json names no signer"
