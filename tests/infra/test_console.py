"""The console on AWS: who may read its files, what reaches the API, and what the page may do."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from aws_cdk import App

from infra.app import build, choose_environment
from infra.console_headers import content_security_policy
from infra.context import context
from tests.infra.template import Synthesised, listed, text


def only(synthesised: Synthesised, kind: str) -> Mapping[str, Any]:
    (one,) = synthesised.of_type(kind).values()
    return one


def distribution(synthesised: Synthesised) -> Mapping[str, Any]:
    config: Mapping[str, Any] = only(synthesised, "AWS::CloudFront::Distribution")[
        "DistributionConfig"
    ]
    return config


def security_headers(synthesised: Synthesised) -> Mapping[str, Any]:
    policy = only(synthesised, "AWS::CloudFront::ResponseHeadersPolicy")
    config: Mapping[str, Any] = policy["ResponseHeadersPolicyConfig"]
    return config


def test_the_local_stack_has_no_distribution(synthesise: Callable[[str], Synthesised]) -> None:
    local = synthesise("local")
    assert not [one for one in local.resources.values() if "CloudFront" in one["Type"]]
    assert "console" not in local.functions()


def test_only_cloudfront_reads_the_files(on_aws: Synthesised) -> None:
    buckets = on_aws.of_type("AWS::S3::Bucket")
    (name,) = (one for one in buckets if one.startswith("ConsoleFiles"))
    assert set(buckets[name]["PublicAccessBlockConfiguration"].values()) == {True}
    policies = on_aws.of_type("AWS::S3::BucketPolicy").values()
    (policy,) = (one for one in policies if one["Bucket"] == {"Ref": name})
    allowed = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    (read,) = allowed
    assert read["Action"] == "s3:GetObject"
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "ConsoleDistribution" in text(read["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_the_api_is_below_the_console_and_is_never_cached(on_aws: Synthesised) -> None:
    config = distribution(on_aws)
    (api,) = config["CacheBehaviors"]
    assert api["PathPattern"] == "/api/*"
    # AWS's own policies: no caching; everything of the request except the host.
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert api["ViewerProtocolPolicy"] == "https-only"
    assert {"POST", "PUT", "DELETE"} < set(api["AllowedMethods"])
    hosts = {one["Id"]: text(one["DomainName"]) for one in config["Origins"]}
    assert ".execute-api." in hosts[api["TargetOriginId"]]
    # It would replace the API's own responses too.
    assert "CustomErrorResponses" not in config


@pytest.mark.skipif(which("node") is None, reason="CloudFront's functions are JavaScript")
@pytest.mark.parametrize(
    ("requested", "forwarded"),
    [
        ("/api/v1/jobs", "/v1/jobs"),
        ("/api/v1/uploads/api/complete", "/v1/uploads/api/complete"),
        ("/api/api/v1", "/api/v1"),
        ("/api/v1/datasets/a%2Fb", "/v1/datasets/a%2Fb"),
        ("/apiary", "/apiary"),
    ],
)
def test_the_prefix_is_removed_once(
    synthesise: Callable[[str], Synthesised], requested: str, forwarded: str
) -> None:
    code = only(synthesise("dev"), "AWS::CloudFront::Function")["FunctionCode"]
    event = json.dumps({"request": {"uri": requested}})
    script = f"{code}\nprocess.stdout.write(handler({event}).uri)"
    done = subprocess.run(
        [str(which("node")), "-e", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == forwarded


def test_the_page_has_the_headers_of_the_local_stack_and_hsts(on_aws: Synthesised) -> None:
    headers = security_headers(on_aws)
    secure = headers["SecurityHeadersConfig"]
    assert secure["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert secure["FrameOptions"]["FrameOption"] == "DENY"
    assert secure["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert secure["ContentTypeOptions"] == {"Override": True}
    names = {one["Header"] for one in headers["CustomHeadersConfig"]["Items"]}
    assert names == {"Cross-Origin-Opener-Policy", "Permissions-Policy"}
    policy = text(secure["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    fixed = content_security_policy(())
    assert policy.startswith(fixed + " ")
    connect = policy.removeprefix(fixed).split()
    assert [one.split("}")[0] for one in connect] != []
    assert all(one.startswith("https://") and "*" not in one for one in connect)
    # Uploads, downloads of many rejects, and the pool's own log-in.
    assert ["BucketsLanding" in connect[0], "BucketsState" in connect[1]] == [True, True]
    assert connect[2].endswith(".amazoncognito.com")


def test_the_page_is_published_with_its_issuer_and_client(on_aws: Synthesised) -> None:
    config = only(on_aws, "Custom::Console")["Config"]
    (client,) = (n for n in on_aws.of_type("AWS::Cognito::UserPoolClient") if "Console" in n)
    assert config["login"] == "issuer"
    assert config["client_id"] == {"Ref": client}
    assert text(config["token_endpoint"]).endswith(".amazoncognito.com/oauth2/token")
    properties = on_aws.of_type("AWS::Cognito::UserPoolClient")[client]
    # The authorization code flow of a client without a secret, back to the console only.
    assert properties["AllowedOAuthFlows"] == ["code"]
    assert properties["GenerateSecret"] is False
    (callback,) = properties["CallbackURLs"]
    assert "ConsoleDistribution" in text(callback)
    accepted = on_aws.functions()["authorizer"]["Environment"]["Variables"]["TOKEN_AUDIENCE"]
    assert text(accepted).split()[1] == f"${{{client}}}"


def test_its_function_writes_the_bucket_of_the_console_only(on_aws: Synthesised) -> None:
    storage = [
        (set(listed(one["Action"])), text(one["Resource"]))
        for one in on_aws.statements_of("console")
        if any(action.startswith("s3:") for action in listed(one["Action"]))
    ]
    assert len(storage) == 2
    assert all(resource.startswith("${ConsoleFiles") for _, resource in storage)
    assert "VpcConfig" not in on_aws.functions()["console"]


def test_the_deployment_says_where_the_console_is(on_aws: Synthesised) -> None:
    (service,) = (one for name, one in on_aws.templates.items() if not name.endswith("-data"))
    assert "ConsoleDistribution" in text(service["Outputs"]["ConsoleUrl"]["Value"])


@pytest.mark.parametrize("client_id", ["console", None])
def test_people_of_another_issuer_log_in_there_or_paste_a_token(
    tmp_path: Path, client_id: str | None
) -> None:
    issuer = {"issuer": "https://login.example.com/realm", "audience": "waybill"}
    configured = {**issuer, **({"client_id": client_id} if client_id else {})}
    app = App(
        outdir=str(tmp_path),
        context={
            **context(),
            "aws:cdk:disable-asset-staging": True,
            "env": "dev",
            "identity": {"dev": configured},
        },
        analytics_reporting=False,
    )
    build(app, choose_environment(app))
    app.synth()
    found = Synthesised.read("dev", tmp_path)
    config = only(found, "Custom::Console")["Config"]
    policy = text(
        security_headers(found)["SecurityHeadersConfig"]["ContentSecurityPolicy"][
            "ContentSecurityPolicy"
        ]
    )
    assert config["login"] == ("issuer" if client_id else "token")
    assert config.get("client_id") == client_id
    assert policy.endswith(" https://login.example.com") == bool(client_id)
