"""Publishing the console's files during a deployment."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.console import handler
from infra.bootstrap import ROOT
from infra.local.console import FILES
from tests.cloud.lambda_events import Context
from waybill.clients import s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "console"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("CONSOLE_BUCKET", BUCKET)
    with mock_aws():
        s3_client.cache_clear()
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    s3_client.cache_clear()


def deploy(kind: str = "Update") -> dict[str, Any]:
    event = json.loads((ROOT / "events" / "console.json").read_text())
    return handler.handle({**event, "RequestType": kind}, Context())


def keys(s3: "S3Client") -> set[str]:
    return {one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def test_every_file_is_served_where_the_page_looks_for_it(s3: "S3Client") -> None:
    assert deploy("Create") == {"PhysicalResourceId": "console"}
    assets = {
        f"assets/{file.relative_to(FILES)}"
        for file in FILES.rglob("*")
        if file.is_file() and file.name != "index.html"
    }
    assert keys(s3) == {"index.html", "config.json", *assets}
    page = s3.get_object(Bucket=BUCKET, Key="index.html")
    assert page["Body"].read() == (FILES / "index.html").read_bytes()
    assert page["CacheControl"] == "no-cache"
    kinds = {
        name: s3.head_object(Bucket=BUCKET, Key=name)["ContentType"]
        for name in ("index.html", "assets/app.js", "assets/app.css", "assets/icon.svg")
    }
    assert kinds == {
        "index.html": "text/html; charset=utf-8",
        "assets/app.js": "text/javascript; charset=utf-8",
        "assets/app.css": "text/css; charset=utf-8",
        "assets/icon.svg": "image/svg+xml",
    }


def test_the_configuration_says_how_to_log_in(s3: "S3Client") -> None:
    deploy()
    config = json.loads(s3.get_object(Bucket=BUCKET, Key="config.json")["Body"].read())
    assert (config["login"], config["client_id"]) == ("issuer", "example-client")


def test_files_of_a_former_version_are_removed(s3: "S3Client") -> None:
    s3.put_object(Bucket=BUCKET, Key="assets/former.js")
    deploy()
    assert "assets/former.js" not in keys(s3)


def test_the_bucket_is_empty_when_the_stack_is_deleted(s3: "S3Client") -> None:
    deploy()
    deploy("Delete")
    assert keys(s3) == set()
