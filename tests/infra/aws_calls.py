"""What the code of a Lambda function calls on AWS, and the permissions that it takes."""

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from infra.bootstrap import ROOT
from infra.functions import SPECS
from tests.infra.source_graph import Scope, Symbol, bodies, module

LANDING = "landing/"
# A call of boto3 → the actions that it takes, of those that the service has.
_S3 = {
    "abort_multipart_upload": ("AbortMultipartUpload",),
    "complete_multipart_upload": ("PutObject",),
    "create_multipart_upload": ("PutObject",),
    # From one key to another of a bucket.
    "copy_object": ("GetObject", "PutObject"),
    "delete_object": ("DeleteObject",),
    "delete_objects": ("DeleteObject",),
    # Not a call of boto3: the one above, with versions.
    "delete_object_versions": ("DeleteObjectVersion",),
    "generate_presigned_post": ("PutObject",),
    "get_object": ("GetObject",),
    "head_bucket": ("ListBucket",),
    "head_object": ("GetObject",),
    "list_object_versions": ("ListBucketVersions",),
    "list_objects_v2": ("ListBucket",),
    "list_parts": ("ListMultipartUploadParts",),
    "put_object": ("PutObject",),
    # With a version, both.
    "put_object_tagging": ("PutObjectTagging", "PutObjectVersionTagging"),
    # In parts if it is large; those of a failed one are removed.
    "upload_fileobj": ("AbortMultipartUpload", "PutObject"),
    "upload_part": ("PutObject",),
}
_SQS = {
    "change_message_visibility": ("ChangeMessageVisibility",),
    "delete_message_batch": ("DeleteMessage",),
    "get_queue_attributes": ("GetQueueAttributes",),
    "receive_message": ("ReceiveMessage",),
    "send_message": ("SendMessage",),
    "send_message_batch": ("SendMessage",),
}
# A new call, or a new service, is added here.
CALLS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "s3": _S3,
    "sqs": _SQS,
    "apigateway": {"get_api_key": ("GET",)},
    "lambda": {"invoke": ("InvokeFunction",)},
    # A schedule is given a role, which takes a right of its own.
    "scheduler": {
        "create_schedule": ("CreateSchedule", "iam:PassRole"),
        "delete_schedule": ("DeleteSchedule",),
        "update_schedule": ("UpdateSchedule", "iam:PassRole"),
    },
    "sns": {"publish": ("Publish",)},
    "events": {"put_events": ("PutEvents",)},
    "kms": {"decrypt": ("Decrypt",), "generate_data_key": ("GenerateDataKey",)},
    "secretsmanager": {"get_secret_value": ("GetSecretValue",)},
    # The token is signed with the role's own credentials; connecting is what takes a right.
    "rds": {"generate_db_auth_token": ("connect",)},
}
_PREFIXES = {"rds": "rds-db"}
# Names that hold a client.
_CLIENTS = {"s3": "s3", "_s3": "s3", "sqs": "sqs", "events": "events", "_events": "events",
            "apigateway": "apigateway", "scheduler": "scheduler"}  # fmt: skip
# Names that hold something else with an operation of the same name.
_NO_CLIENTS = ("cipher", "published")
_WRAPPED = ("get_paginator", "generate_presigned_url", "get_waiter")
# S3 tells a missing object (404) from a forbidden one (403) only to callers who may list, and a
# pinned version is read with another action.
_ALSO = {
    ("waybill.landing.objects", "GetObject"): ("GetObjectVersion", "ListBucket"),
    ("waybill.landing.expiry", "PutObjectTagging"): ("ListBucket",),
}
_DELETES_VERSIONS = Symbol("waybill.object_deletion", "delete_versions")


class AwsCall(NamedTuple):
    """A call of boto3; `prefix` is that of the object's key, and empty for other services."""

    service: str
    operation: str
    prefix: str
    module: str

    @property
    def actions(self) -> set[str]:
        """The IAM actions that it takes, with the prefix of the object's key."""
        names = set(CALLS[self.service][self.operation])
        for name in tuple(names):
            names |= set(_ALSO.get((self.module, name), ()))
        service = _PREFIXES.get(self.service, self.service)
        return {
            f"{name if ':' in name else f'{service}:{name}'} {self.prefix}".strip()
            for name in names
        }


def calls_of(step: str) -> set[AwsCall]:
    """The calls that the function of the step may make."""
    package = SPECS[step].module
    folder = ROOT / package.replace(".", "/")
    waiting = [
        (Symbol(name, one), _prefix_of(name, LANDING))
        for file in sorted(folder.glob("*.py"))
        for name in [f"{package}.{file.stem}"]
        for one in ("", *module(name).defined)
    ]
    seen: set[tuple[Symbol, str]] = set()
    found: set[AwsCall] = set()
    while waiting:
        symbol, prefix = current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        found |= set(_own_calls(symbol, prefix))
        waiting += [(one, _prefix_of(one.module, prefix)) for one in _used(symbol)]
    return found


def unknown_clients() -> set[str]:
    """`module:line` of each call that boto3 has, on something that is not known to be a client."""
    operations = {operation for calls in CALLS.values() for operation in calls}
    folders = (ROOT / "functions", ROOT / "layers/core/python/waybill")
    return {
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for folder in folders
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in operations | set(_WRAPPED)
        and _service(node.func.value) is None
        and getattr(node.func.value, "id", None) not in _NO_CLIENTS
    }


def _prefix_of(name: str, inherited: str) -> str:
    """The prefix of the keys that a module is about, else that of its caller."""
    for node in module(name).body.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="PREFIX" | "_PREFIX")], value=ast.Constant(value)):
                return str(value)
    return inherited


def _used(symbol: Symbol) -> Iterator[Symbol]:
    scope = Scope(symbol)
    for node in (one for body in bodies(symbol) for one in ast.walk(body)):
        if isinstance(node, ast.Name | ast.Attribute):
            target = scope.target_of(node)
            if target and target != symbol:
                yield target
                # A module's body runs when anything is imported from it.
                yield Symbol(target.module, "")


def _own_calls(symbol: Symbol, prefix: str) -> Iterator[AwsCall]:
    if symbol == _DELETES_VERSIONS:
        yield AwsCall("s3", "delete_object_versions", prefix, symbol.module)
    for node in (one for body in bodies(symbol) for one in ast.walk(body)):
        match node:
            case ast.Call(func=ast.Attribute(value=base, attr=name), args=arguments) if (
                service := _service(base)
            ):
                operation = name
                if name in _WRAPPED:
                    operation = str(getattr(arguments[0], "value", ""))
                of_object = prefix if service == "s3" else ""
                yield AwsCall(service, operation, of_object, symbol.module)


def _service(base: ast.expr) -> str | None:
    match base:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _CLIENTS.get(name)
        case ast.Call(func=ast.Name(id=name)) if name.endswith("_client"):
            return name.removesuffix("_client")
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="boto3"), attr="client"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return name
    return None
