"""Signs what functions and layers of an assembly consist of, before it is deployed.

AWS Signer reads a package from a bucket and writes it back with its signature. The assembly then
has the signed packages, under names of their own: a package without a signature, which may have
been published before, is never taken for one of them.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import WaiterError

from infra.code_signing import CodeSigning
from infra.context import context
from infra.delivery.tools import ToolError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CODE = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}
_SIGNED = ".signed"


class Signer:
    """Signs packages by the jobs of AWS Signer."""

    def __init__(self, signing: CodeSigning, s3: "S3Client", signer: Any) -> None:  # noqa: ANN401 - boto3's client
        self._signing = signing
        self._s3 = s3
        self._signer = signer

    def sign(self, package: Path, target: Path) -> None:
        """Write the signed `package` to `target`.

        Raises:
            ToolError: Signer refuses it.
        """
        bucket = self._signing.bucket
        with package.open("rb") as body:
            stored = self._s3.put_object(Bucket=bucket, Key=f"unsigned/{package.name}", Body=body)
        source = {"bucketName": bucket, "key": f"unsigned/{package.name}",
                  "version": stored.get("VersionId", "")}  # fmt: skip
        if not source["version"]:
            raise ToolError(f"The bucket {bucket} keeps no versions; code is signed by version.")
        job = self._signer.start_signing_job(
            source={"s3": source},
            destination={"s3": {"bucketName": bucket, "prefix": "signed/"}},
            profileName=self._signing.profile_name,
        )["jobId"]
        try:
            self._signer.get_waiter("successful_signing_job").wait(jobId=job)
        except WaiterError as error:
            raise ToolError(f"{package.name} is not signed: {error}") from error
        signed = self._signer.describe_signing_job(jobId=job)["signedObject"]["s3"]
        self._s3.download_file(signed["bucketName"], signed["key"], str(target))


def sign_assembly(assembly: Path, signer: Signer) -> int:
    """Sign the packages of the assembly's functions and layers; how many there are.

    Raises:
        ToolError: the assembly was signed before.
    """
    manifests = {path: json.loads(path.read_text()) for path in assembly.glob("*.assets.json")}
    packages = set(_packages(assembly))
    if any(_SIGNED in package for package in packages):
        raise ToolError(f"{assembly} is signed.")
    renamed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for manifest in manifests.values():
            for name, file in manifest["files"].items():
                key = f"{name}.zip"
                if key in packages:
                    target = assembly / f"asset.{name}{_SIGNED}.zip"
                    if key not in renamed:
                        signer.sign(_zipped(assembly, file["source"], Path(folder), key), target)
                    file["source"] = {"path": target.name, "packaging": "file"}
                    renamed[key] = f"{name}{_SIGNED}.zip"
                elif str(file["source"]["path"]).endswith(".template.json"):
                    # It names the signed packages, so it is another one too.
                    renamed[f"{name}.json"] = f"{name}{_SIGNED}.json"
    for path, manifest in manifests.items():
        path.write_text(json.dumps(manifest, indent=1))
    for path in (*manifests, *assembly.glob("*.template.json"), assembly / "manifest.json"):
        text = path.read_text()
        for former, name in renamed.items():
            text = text.replace(former, name)
        path.write_text(text)
    return len(packages)


def _packages(assembly: Path) -> Iterator[str]:
    """The keys of the packages whose signature Lambda will look for."""
    for path in assembly.glob("*.template.json"):
        for resource in json.loads(path.read_text()).get("Resources", {}).values():
            properties: Mapping[str, Any] = resource.get("Properties", {})
            code = properties.get(_CODE.get(resource["Type"], ""), {})
            is_layer = resource["Type"] == "AWS::Lambda::LayerVersion"
            if "S3Key" in code and (is_layer or "CodeSigningConfigArn" in properties):
                yield code["S3Key"]


def _zipped(assembly: Path, source: Mapping[str, str], folder: Path, key: str) -> Path:
    path, target = assembly / source["path"], folder / key
    if source["packaging"] == "file":
        shutil.copyfile(path, target)
    else:
        shutil.make_archive(str(target.with_suffix("")), "zip", path)
    return target


def sign(environment: str, assembly: Path) -> str:
    """Sign the environment's assembly, where cdk.json names a signer; what was done."""
    values = (context().get("code_signing") or {}).get(environment)
    signing = CodeSigning.from_context(values)
    if signing is None:
        return f"{environment}: cdk.json names no signer"
    signer = Signer(signing, boto3.client("s3"), boto3.client("signer"))
    return f"{environment}: {sign_assembly(assembly, signer)} packages signed"
