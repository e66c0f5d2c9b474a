"""Requests that a hostile page or another host could send to the emulator."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local import emulator
from infra.local.access_key import AccessKey
from infra.local.clients import AwsClient, Clients
from infra.local.postgres import free_port

KEY = AccessKey.generate()
_ECHO_KEY = "import os\ndef handle(*_): return os.environ['AWS_ACCESS_KEY_ID']"
FUNCTIONS = "/2015-03-31/functions/"
CREDENTIAL = "20260101/us-east-1/lambda/aws4_request"
STATE = "waybill-local-state"
FOLLOWED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
"""What a browser sends for a link on a page of another host."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guarded")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    port = free_port()
    process = emulator.start(folder, port, KEY)
    yield port
    process.stop()


@pytest.fixture
def http(port: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.endpoint(port)) as client:
        yield client


def signed_by(port: int, key: AccessKey, service: str, **options: Config) -> AwsClient:
    make: AwsClient = boto3.client
    return make(
        service,
        endpoint_url=emulator.endpoint(port),
        region_name="us-east-1",
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
        **options,
    )


def test_the_stacks_own_key_is_accepted(port: int) -> None:
    assert Clients(port, KEY)("lambda").list_functions()["Functions"] == []


@pytest.mark.parametrize(
    "key",
    [
        AccessKey("test", "test"),
        AccessKey("000000000000", "test"),
        AccessKey("000000000000", KEY.secret),
        AccessKey(KEY.key_id, "test"),
    ],
    ids=["test", "account", "account with the secret", "wrong secret"],
)
@pytest.mark.parametrize("service", ["lambda", "s3", "sqs", "iam", "sts"])
def test_other_keys_and_signatures_are_refused(port: int, key: AccessKey, service: str) -> None:
    client = signed_by(port, key, service)
    calls = {
        "lambda": "list_functions",
        "s3": "list_buckets",
        "sqs": "list_queues",
        "iam": "list_users",
        "sts": "get_caller_identity",
    }
    with pytest.raises(ClientError) as refused:
        getattr(client, calls[service])()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


@pytest.mark.parametrize(
    "authorization",
    [None, "", f"AWS4-HMAC-SHA256 Credential={KEY.key_id}/{CREDENTIAL}", "AWS test:x", "Bearer x"],
    ids=["none", "empty", "no signature", "signature 2", "bearer"],
)
def test_unsigned_requests_create_no_function(
    http: httpx.Client, port: int, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    body = {"FunctionName": "f", "Runtime": "python3.13", "Role": "r", "Handler": "h", "Code": {}}
    assert http.post(FUNCTIONS, json=body, headers=headers).status_code in (400, 403)
    assert Clients(port, KEY)("lambda").list_functions()["Functions"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("POST", "/%5fministack/reset"),
        ("GET", "/_ministack/health"),
        ("GET", "/_localstack/health"),
        ("GET", "/health"),
    ],
)
def test_administrative_paths_are_closed(http: httpx.Client, method: str, path: str) -> None:
    assert http.request(method, path).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_reaches_only_the_api_and_the_landing_bucket(
    http: httpx.Client, headers: dict[str, str]
) -> None:
    for path in ("/", FUNCTIONS, "/_ministack/ready", "/waybill-local-state/x", "/other"):
        response = http.post(path, headers=headers)
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers
        assert http.options(path, headers=headers).status_code == 403
    refused = "Web pages reach only"
    for path in ("/_aws/execute-api/none/v1/health", "/waybill-local-landing/x"):
        assert refused not in http.get(path, headers=headers).text


def test_a_page_may_link_to_an_export_that_is_signed_and_reads_it_no_other_way(
    http: httpx.Client, port: int
) -> None:
    s3 = signed_by(port, KEY, "s3", config=Config(signature_version="s3v4"))
    s3.create_bucket(Bucket=STATE)
    for key in ("exports/1/a.csv", "audit/a.json"):
        s3.put_object(Bucket=STATE, Key=key, Body=b"id\n")
    link, other = (
        s3.generate_presigned_url("get_object", Params={"Bucket": STATE, "Key": key})
        for key in ("exports/1/a.csv", "audit/a.json")
    )
    assert http.get(link, headers=FOLLOWED).content == b"id\n"
    assert http.get(other).content == b"id\n"
    assert "Web pages reach only" in http.get(other, headers=FOLLOWED).text
    forged = link[:-4] + ("0000" if not link.endswith("0000") else "1111")
    assert http.get(forged, headers=FOLLOWED).status_code == 403
    assert http.get(f"/{STATE}/exports/1/a.csv", headers=FOLLOWED).status_code == 403
    for headers in ({**FOLLOWED, "Sec-Fetch-Mode": "no-cors"}, {"Origin": "https://evil.example"}):
        assert http.get(link, headers=headers).status_code == 403
    assert http.post(link, headers=FOLLOWED).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/oauth2/authorize",
        "/login",
        FUNCTIONS,
        f"/{STATE}",
        "/waybill-local-state-2/exports/x",
    ],
)
def test_a_parameter_that_looks_like_a_signature_opens_no_other_path(
    http: httpx.Client, path: str
) -> None:
    response = http.get(path, params={"X-Amz-Signature": "0" * 64}, headers=FOLLOWED)
    assert (response.status_code, response.text[:20]) == (403, "Web pages reach only")


def test_a_host_name_that_points_to_loopback_is_refused(http: httpx.Client, port: int) -> None:
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1.evil.example"):
        response = http.get("/_ministack/ready", headers={"Host": host})
        assert response.status_code == 403, host
    assert http.get("/_ministack/ready", headers={"Host": f"localhost:{port}"}).status_code == 200


def test_credentials_of_functions_cannot_be_computed_from_their_names(port: int) -> None:
    """The emulator alone would derive them from the names."""
    role = "arn:aws:iam::000000000000:role/r"
    name = "arn:aws:lambda:us-east-1:000000000000:function:echo"
    clients = Clients(port, KEY)
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    clients("iam").create_role(
        RoleName="r",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    clients("lambda").create_function(
        FunctionName="echo",
        Runtime="python3.13",
        Role=role,
        Handler="echo.handle",
        Code={"ZipFile": _zipped(_ECHO_KEY)},
    )
    payload = clients("lambda").invoke(FunctionName="echo")["Payload"].read()
    key_id = json.loads(payload)
    assert key_id.startswith("ASIA")
    assert key_id != f"ASIA{hashlib.sha256(f'{name}:{role}'.encode()).hexdigest()[:16].upper()}"


def _zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("echo.py", source)
    return buffer.getvalue()


def test_files_are_readable_by_their_owner_only(folder: Path, port: int) -> None:
    s3 = Clients(port, KEY)("s3")
    s3.create_bucket(Bucket="private")
    s3.put_object(Bucket="private", Key="k", Body=b"secret")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(b"secret" in path.read_bytes() for path in files)
    assert folder.stat().st_mode & 0o077 == 0
    assert [path for path in files if path.stat().st_mode & 0o077] == []
