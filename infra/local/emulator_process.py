"""The emulator's process: ministack, console and guard, and thirteen differences from AWS fixed.

Started by `emulator.py` as a script with `-P`, so that the project is not importable in it: the
functions that it runs see their own packages and layers only, as on AWS.

* GetObject with a version id ignores `Range` and sends the whole object; S3 sends 206.
* A ranged read of a persisted object reads the whole file; here the file is memory-mapped.
* A batch call of SQS requires a permission of its own; on AWS `sqs:SendMessage` is enough.
* Permissions for a schedule are looked up as if its group were `default`.
* Objects survive a restart and stacks do not, so a new stack takes over its existing buckets.
* The well-known keys (`test`, an account number) are the administrator's, and its signatures are
  not checked. Here only the configured key is, and its signature is checked.
* The credentials of functions are hashes of their names; here they are keyed with a secret.
* Keys of KMS are made anew with each stack; here a stack has one, which survives a restart.
* E-mail of SNS is only logged; here it goes to `SMTP_HOST`, as that of SES does.
* Patterns of log subscriptions are words; here they are those of `emulator_logs.py` as well.
* A mock integration of API Gateway leaves `$context.requestId` as it is, and always has a body.
* Each process of a function has its packages unpacked anew; on AWS they are there already.
* The `*` of an authorizer's policy does not stand for line breaks; a path may have them.
"""

import hmac
import json
import logging
import mmap
import os
import runpy
import secrets
import sys
import tempfile
from collections.abc import Mapping
from contextvars import ContextVar
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import cloudwatch_logs, kms, s3, ses, sns, sts
from ministack.services.cloudformation import provisioners

Loose = Any
"""A value whose type is internal to the emulator."""
Response = tuple[int, dict[str, str], bytes]
_get_object = s3._get_object  # noqa: SLF001 - the version is pinned, and tested
_read_body = s3._read_body  # noqa: SLF001
_is_ranged = ContextVar("is_ranged", default=False)
_log = logging.getLogger("waybill.emulator")


def _map(path: str) -> Loose:
    with open(path, "rb") as file:  # noqa: PTH123 - opened as the emulator does
        size = os.fstat(file.fileno()).st_size
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""


def read_body(bucket: str, key: str, record: dict[str, Any]) -> Loose:
    """The body; for a ranged read the file is memory-mapped, so only the slice is read."""
    path = s3._object_disk_path(bucket, key)  # noqa: SLF001
    if not _is_ranged.get() or record.get("body") is not None or path is None:
        return _read_body(bucket, key, record)
    try:
        return _map(path)
    except OSError as error:
        _log.warning("object file not readable", extra={"key": key, "error": str(error)})
        return b""


def get_object(
    bucket: str, key: str, headers: Mapping[str, str], query: Mapping[str, Any] | None = None
) -> Response:
    """`GetObject` with `Range`, for a given version as well as for the current one."""
    byte_range = headers.get("range")
    token = _is_ranged.set(bool(byte_range))
    try:
        status, response_headers, body = _get_object(bucket, key, headers, query)
    finally:
        _is_ranged.reset(token)
    if status != 200 or not byte_range:
        return status, response_headers, body
    limits = s3._parse_range(byte_range, len(body))  # noqa: SLF001
    if limits is None:
        return 416, {"Content-Range": f"bytes */{len(body)}"}, b""
    first, last = limits
    part = body[first : last + 1]
    # The checksum is that of the whole object.
    kept = {
        name: value
        for name, value in response_headers.items()
        if not name.lower().startswith("x-amz-checksum")
    }
    kept["Content-Length"] = str(len(part))
    kept["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    return 206, kept, part


_create_bucket = provisioners._s3_create  # noqa: SLF001


def create_bucket(logical_id: str, properties: dict[str, Any], stack: str) -> Loose:
    """Create a stack's bucket; objects of an existing bucket of that name are kept."""
    kept = s3._buckets.pop(properties.get("BucketName"), None)  # noqa: SLF001
    created = _create_bucket(logical_id, properties, stack)
    if kept:
        s3._buckets[created[0]]["objects"] = kept["objects"]  # noqa: SLF001
    return created


_create_key = provisioners._kms_key_create  # noqa: SLF001


def create_key(logical_id: str, properties: dict[str, Any], stack: str) -> Loose:
    """Create a stack's KMS key, with an id and material that are the same after a restart."""
    made, attributes = _create_key(logical_id, properties, stack)
    seed = f"{os.environ['AWS_SECRET_ACCESS_KEY']}/{stack}/{logical_id}".encode()
    key_id = str(UUID(bytes=sha256(b"id/" + seed).digest()[:16], version=4))
    record = kms._keys.pop(made)  # noqa: SLF001
    arn = str(attributes["Arn"]).replace(made, key_id)
    material = sha256(b"key/" + seed).digest()
    kms._keys[key_id] = {**record, "KeyId": key_id, "Arn": arn, "_symmetric_key": material}  # noqa: SLF001
    return key_id, {"Arn": arn, "KeyId": key_id}


_action = iam_actions.extract_iam_action


def action(*args: Loose, **kwargs: Loose) -> Loose:
    """The IAM action of a request; a batch call has that of the single call."""
    needed = _action(*args, **kwargs)
    if isinstance(needed, str) and needed.startswith("sqs:"):
        return needed.removesuffix("Batch")
    return needed


_resource = iam_actions.extract_resource_arn


def resource(  # noqa: PLR0913, PLR0917 - as the emulator calls it
    service: str,
    method: str,
    path: str,
    headers: Loose,
    body: bytes,
    query_params: Mapping[str, Loose],
    region: str,
    account_id: str,
) -> Loose:
    """The ARN of what a request is about; that of a schedule has its group."""
    arn = _resource(service, method, path, headers, body, query_params, region, account_id)
    if service != "scheduler" or ":schedule/default/" not in str(arn):
        return arn
    group = query_params.get("groupName") or json.loads(body or b"{}").get("GroupName")
    name = group[0] if isinstance(group, list) else group or "default"
    return str(arn).replace(":schedule/default/", f":schedule/{name}/")


_fanout = sns._fanout  # noqa: SLF001


def fanout(
    topic_arn: str, message_id: str, message: str, subject: str, *rest: Loose, **others: Loose
) -> None:
    """Deliver a message to a topic's subscribers, also to those that are e-mail addresses."""
    _fanout(topic_arn, message_id, message, subject, *rest, **others)
    topic: Loose = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": ()}  # noqa: SLF001
    addresses = [
        each["endpoint"] for each in topic["subscriptions"] if each.get("protocol") == "email"
    ]
    sender = "no-reply@waybill.example"
    for address in addresses:
        mime = ses._build_mime_message(  # noqa: SLF001
            sender, [address], [], [], subject, message, None, message_id
        )
        ses._smtp_relay(sender, [address], mime)  # noqa: SLF001


def _patch() -> None:
    cloudwatch_logs._subscription_pattern_matches = _script("emulator_logs.py")["matches"]  # noqa: SLF001
    sns._fanout = fanout  # noqa: SLF001
    _script("emulator_gateway.py")["patch"]()
    iam_evaluator.is_root_access_key = is_administrator
    sts.is_root_access_key = is_administrator
    # Asked to exempt a key from the check of its signature.
    iam_evaluator._is_root_key = lambda _key: False  # noqa: SLF001
    lambda_runtime.hashlib = KeyedHashes(secrets.token_bytes(32))
    packages = Path(tempfile.gettempdir()) / "packages"
    lambda_runtime.zipfile = _script("emulator_unpacking.py")["Packages"](packages)
    s3._get_object = get_object  # noqa: SLF001
    s3._read_body = read_body  # noqa: SLF001
    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource
    provisioners.s3_bucket_name_conflict = lambda _name: None
    provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["create"] = create_bucket  # noqa: SLF001
    provisioners._RESOURCE_HANDLERS["AWS::KMS::Key"]["create"] = create_key  # noqa: SLF001


def is_administrator(access_key_id: str) -> bool:
    """Whether the key is the one that this emulator was started with.

    Without a key too: the emulator checks in other places what an unsigned request may do, such
    as the upload of a presigned form.
    """
    return not access_key_id or hmac.compare_digest(
        access_key_id.encode(), os.environ["AWS_ACCESS_KEY_ID"].encode()
    )


class KeyedHashes:
    """In place of `hashlib` where the emulator derives a function's credentials."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sha256(self, data: bytes) -> hmac.HMAC:
        """HMAC-SHA-256 of `data`."""
        return hmac.new(self._key, data, "sha256")


def _script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).with_name(name)))


def _console(settings: Path) -> None:
    app.app = _script("emulator_console.py")["Console"](app.app, json.loads(settings.read_text()))


def _guard() -> None:
    port = int(os.environ["GATEWAY_PORT"])
    guard = _script("emulator_guard.py")["Guard"]
    landing, downloads = os.environ["WAYBILL_LANDING_BUCKET"], os.environ["WAYBILL_DOWNLOADS"]
    app.app = guard(app.app, port, landing, downloads)


if __name__ == "__main__":
    os.umask(0o077)
    _patch()
    # The emulator reads the command line too.
    for settings in sys.argv[1:]:
        _console(Path(settings))
    del sys.argv[1:]
    _guard()
    app.main()
