"""Deploys a synthesised assembly to the emulator with boto3, without CDK CLI and bootstrap."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.environments import DEFAULT_REGION, LOCAL_ACCOUNT
from infra.local.clients import AwsClient, Clients
from infra.local.processes import wait_until

Outputs = dict[str, str]
_PLACEHOLDERS = {
    "${AWS::AccountId}": LOCAL_ACCOUNT,
    "${AWS::Region}": DEFAULT_REGION,
    "${AWS::Partition}": "aws",
}
# The parameter that `cdk bootstrap` creates and templates check.
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_SUCCESS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_TIMEOUT_SECONDS = 120.0
_EPOCH = (1980, 1, 1, 0, 0, 0)


class DeployError(Exception):
    """The deployment failed; the message names the resources and the reasons."""


def deploy(clients: Clients, assembly: Path, stack: str, parameters: Mapping[str, str]) -> Outputs:
    """Upload the assembly's assets, create or update the stack, and return its outputs.

    Raises:
        DeployError: the deployment failed.
    """
    bucket = _upload_assets(clients, assembly, stack)
    clients("ssm").put_parameter(Name=_BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True)
    template = f"{stack}.template.json"
    clients("s3").upload_file(str(assembly / template), bucket, template)
    _apply(clients, stack, f"{clients.endpoint}/{bucket}/{template}", parameters)
    return outputs(clients, stack)


def outputs(clients: Clients, stack: str) -> Outputs:
    """The outputs of a deployed stack."""
    stacks = clients("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stacks[0].get("Outputs", [])}


def _upload_assets(clients: Clients, assembly: Path, stack: str) -> str:
    """Upload missing assets; returns their bucket."""
    manifest = json.loads((assembly / f"{stack}.assets.json").read_text())
    s3 = clients("s3")
    bucket = ""
    for asset in manifest["files"].values():
        for destination in asset["destinations"].values():
            bucket, key = _resolve(destination["bucketName"]), _resolve(destination["objectKey"])
            if _is_missing(partial(s3.head_bucket, Bucket=bucket)):
                s3.create_bucket(Bucket=bucket)
            # The key is the hash of the content, so an existing object is identical.
            if _is_missing(partial(s3.head_object, Bucket=bucket, Key=key)):
                s3.put_object(Bucket=bucket, Key=key, Body=_package(assembly, asset["source"]))
    return bucket


def _resolve(text: str) -> str:
    for placeholder, value in _PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return text


def _is_missing(head: Callable[[], object]) -> bool:
    try:
        head()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket", "NoSuchKey", "NotFound"):
            return True
        raise
    return False


def _package(assembly: Path, source: Mapping[str, str]) -> bytes:
    path = assembly / source["path"]
    if source["packaging"] != "zip":
        return path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                name = zipfile.ZipInfo(str(file.relative_to(path)), _EPOCH)
                archive.writestr(name, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _apply(clients: Clients, stack: str, template: str, parameters: Mapping[str, str]) -> None:
    cloud = clients("cloudformation")
    request: dict[str, Any] = {
        "StackName": stack,
        "TemplateURL": template,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    }
    exists = _is_deployed(cloud, stack)
    try:
        (cloud.update_stack if exists else cloud.create_stack)(**request)
    except ClientError as error:
        if "No updates" in str(error):
            return
        raise DeployError(f"The emulator rejected the stack {stack}: {error}") from error
    if _await_status(cloud, stack) not in _SUCCESS:
        raise DeployError(f"The stack {stack} failed.\n{_failures(cloud, stack)}")


def _is_deployed(cloud: AwsClient, stack: str) -> bool:
    state = _await_status(cloud, stack)
    if state in (*_SUCCESS, "UPDATE_ROLLBACK_COMPLETE"):
        return True
    if state is not None:
        # A stack whose creation failed can only be deleted.
        cloud.delete_stack(StackName=stack)
        _await_status(cloud, stack)
    return False


def _await_status(cloud: AwsClient, stack: str) -> str | None:
    """The stack's status once it is final; None when there is no such stack."""
    seen: list[str | None] = []

    def look() -> bool:
        try:
            state = str(cloud.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        except ClientError:
            state = "DELETE_COMPLETE"
        seen.append(None if state == "DELETE_COMPLETE" else state)
        return not state.endswith("_IN_PROGRESS")

    if not wait_until(look, _TIMEOUT_SECONDS):
        raise DeployError(f"The stack {stack} is {seen[-1]} after {_TIMEOUT_SECONDS:.0f} s.")
    return seen[-1]


def _failures(cloud: AwsClient, stack: str) -> str:
    events = cloud.describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): "
        f"{event.get('ResourceStatusReason', event['ResourceStatus'])}"
        for event in events
        if "FAILED" in event["ResourceStatus"]
    )
