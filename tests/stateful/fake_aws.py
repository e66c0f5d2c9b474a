"""S3, SQS and EventBridge in memory: as much of them as the steps use, and no clock."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from tests.stateful.faults import boundary


def _refusal(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Call")


@dataclass
class Version:
    """One version of an object; `body` is None for one that was removed."""

    id: str
    body: bytes | None

    @property
    def etag(self) -> str:
        return hashlib.md5(self.body or b"", usedforsecurity=False).hexdigest()


@dataclass
class FakeS3:
    """Buckets with versions, whose ids sort by the time they were written."""

    buckets: dict[str, dict[str, list[Version]]] = field(default_factory=dict)
    writes: int = 0
    uploaded: list[str] = field(default_factory=list)
    """Keys of objects that functions made, and whose events have not been sent."""

    def upload_fileobj(self, file: Any, bucket: str, key: str, **_: object) -> None:
        self.put_object(Bucket=bucket, Key=key, Body=file.read())
        self.uploaded.append(key)

    def put_object(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        self.writes += 1
        version = Version(f"v{self.writes:06}", bytes(call["Body"]))
        self._keys(call).setdefault(call["Key"], []).append(version)
        boundary(after=True)
        return {"ETag": f'"{version.etag}"', "VersionId": version.id}

    def get_object(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        version = self._found(call)
        body = version.body or b""
        if expected_rows := call.get("Range"):
            first, last = expected_rows.removeprefix("bytes=").split("-")
            body = body[int(first) : int(last) + 1]
        boundary(after=True)
        return {"Body": io.BytesIO(body), "ETag": f'"{version.etag}"'}

    def head_object(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        version = self._found(call)
        boundary(after=True)
        size = len(version.body or b"")
        return {
            "ETag": f'"{version.etag}"',
            "ContentLength": size,
            "VersionId": version.id,
            "LastModified": datetime.now(UTC),
        }

    def delete_object(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        self._keys(call).pop(call["Key"], None)
        boundary(after=True)
        return {}

    def delete_objects(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        for doomed in call["Delete"]["Objects"]:
            self._keys(call).pop(doomed["Key"], None)
        boundary(after=True)
        return {}

    def list_objects_v2(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        keys = [key for key in self._keys(call) if key.startswith(call["Prefix"])]
        boundary(after=True)
        return {"Contents": [{"Key": key} for key in sorted(keys)], "KeyCount": len(keys)}

    def list_object_versions(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        versions = [
            {
                "Key": key,
                "VersionId": version.id,
                "ETag": f'"{version.etag}"',
                "Size": len(version.body or b""),
                "LastModified": datetime.now(UTC),
            }
            for key, written in self._keys(call).items()
            if key.startswith(call["Prefix"])
            for version in reversed(written)
            if version.body is not None
        ]
        boundary(after=True)
        return {"Versions": versions, "IsTruncated": False}

    def get_paginator(self, _operation: str) -> "_Pages":
        return _Pages(self)

    def _keys(self, call: Mapping[str, Any]) -> dict[str, list[Version]]:
        return self.buckets.setdefault(call["Bucket"], {})

    def _found(self, call: Mapping[str, Any]) -> Version:
        expected_rows = call.get("VersionId")
        versions = self._keys(call).get(call["Key"], [])
        for version in reversed(versions):
            if version.body is not None and expected_rows in (None, version.id):
                if call.get("IfMatch", f'"{version.etag}"') != f'"{version.etag}"':
                    raise _refusal("PreconditionFailed", 412)
                return version
        raise _refusal("NoSuchKey", 404)


@dataclass
class _Pages:
    s3: FakeS3

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        yield self.s3.list_objects_v2(**call)


@dataclass
class Message:
    """A message of a queue."""

    body: str
    receives: int = 0
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeSqs:
    """Queues as lists: whoever holds them delivers in any order, and forgets nothing."""

    queues: dict[str, list[Message]]

    def send_message(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        given = call.get("MessageAttributes", {})
        attributes = {name: value["StringValue"] for name, value in given.items()}
        self.queues[call["QueueUrl"]].append(Message(call["MessageBody"], 0, attributes))
        boundary(after=True)
        return {}

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        for entry in call["Entries"]:
            self.queues[call["QueueUrl"]].append(Message(entry["MessageBody"]))
        boundary(after=True)
        return {"Failed": []}

    def get_queue_attributes(self, **call: Any) -> dict[str, Any]:
        names = call["AttributeNames"]
        counts = dict.fromkeys(names, "0")
        counts["ApproximateNumberOfMessages"] = str(len(self.queues[call["QueueUrl"]]))
        return {"Attributes": counts}

    def change_message_visibility(self, **_call: Any) -> dict[str, Any]:
        return {}


@dataclass
class FakeEvents:
    """A bus that remembers the events it was given."""

    published: list[dict[str, Any]] = field(default_factory=list)

    def put_events(self, **call: Any) -> dict[str, Any]:
        boundary(after=False)
        self.published.extend(json.loads(entry["Detail"]) for entry in call["Entries"])
        boundary(after=True)
        return {"Entries": [{} for _ in call["Entries"]]}


@dataclass
class FakeSecrets:
    """One password for every secret."""

    password: str

    def get_secret_value(self, **_call: Any) -> dict[str, Any]:
        return {"SecretString": json.dumps({"password": self.password})}
