"""Which pages of other origins may use the API and upload files."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from infra.app import build, choose_environment
from infra.constructs.buckets import CONSOLES
from infra.context import context
from infra.environments import InvalidOriginError, choose
from tests.infra.template import Synthesised

CONSOLE = "https://console.example.com"


def origins(synthesised: Synthesised) -> dict[str, set[str | None]]:
    """The origins that are allowed, by what allows them; None for none."""
    functions = synthesised.functions().values()
    methods = synthesised.of_type("AWS::ApiGateway::Method").values()
    gateway = synthesised.of_type("AWS::ApiGateway::GatewayResponse").values()
    acls = synthesised.of_type("AWS::WAFv2::WebACL").values()
    fixed = [
        method["Integration"]["IntegrationResponses"][0]
        for method in methods
        if method["Integration"]["Type"] == "MOCK"
    ]
    return {
        "functions": {one["Environment"]["Variables"].get("BROWSER_ORIGIN") for one in functions},
        "buckets": {_of_bucket(one) for one in synthesised.buckets().values()},
        "gateway errors": {_of_headers(one["ResponseParameters"].items()) for one in gateway},
        "fixed responses": {_of_headers(one["ResponseParameters"].items()) for one in fixed},
        "firewall": {_of_firewall(one) for one in acls},
    }


def _of_headers(headers: Iterable[tuple[str, str]]) -> str | None:
    found = [value.strip("'") for name, value in headers if name.endswith("Allow-Origin")]
    return found[0] if found else None


def _of_bucket(bucket: Mapping[str, Any]) -> str | None:
    rules = bucket.get("CorsConfiguration", {}).get("CorsRules", [])
    return ",".join(origin for rule in rules for origin in rule["AllowedOrigins"]) or None


def test_pages_may_do_with_each_bucket_what_is_signed_for_it(
    synthesise: Callable[[str], Synthesised],
) -> None:
    allowed = {
        tuple(sorted(rule["AllowedMethods"]))
        for bucket in synthesise("prod").buckets().values()
        for rule in bucket["CorsConfiguration"]["CorsRules"]
    }
    # Uploads by form and in parts; downloads, and samples by form.
    assert allowed == {("POST", "PUT"), ("GET", "POST")}


def _of_firewall(acl: Mapping[str, Any]) -> str | None:
    (rate,) = (rule for rule in acl["Rules"] if rule["Name"] == "rate-per-address")
    headers = rate["Action"]["Block"]["CustomResponse"]["ResponseHeaders"]
    return _of_headers((one["Name"], one["Value"]) for one in headers)


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_pages_of_other_origins_are_not_allowed_unless_configured(
    synthesise: Callable[[str], Synthesised], environment: str
) -> None:
    found = origins(synthesise(environment))
    # Its own console uploads from another host; each request takes a presigned URL.
    assert found.pop("buckets") == {CONSOLES}
    assert set().union(*found.values()) == {None}
    for template in synthesise(environment).templates.values():
        assert "Access-Control-Allow" not in str(template)


@pytest.mark.parametrize("environment", ["local", "dev"])
def test_every_page_may_use_an_environment_without_data_to_keep(
    synthesise: Callable[[str], Synthesised], environment: str
) -> None:
    found = origins(synthesise(environment))
    assert found["gateway errors"] == found["fixed responses"] == {"*"}
    # Functions outside the API allow nobody.
    assert found["functions"] == {"*", None}
    consoles = f",{CONSOLES}" if environment == "dev" else ""
    assert found["buckets"] == {f"*{consoles}"}


def test_the_configured_origin_and_no_other_is_allowed_everywhere(tmp_path: Path) -> None:
    configured = {"env": "prod", "browser_origin": {"prod": CONSOLE, "dev": "https://a.example"}}
    unstaged = {"aws:cdk:disable-asset-staging": True}
    app = App(
        outdir=str(tmp_path),
        context={**context(), **unstaged, **configured},
        analytics_reporting=False,
    )
    build(app, choose_environment(app))
    app.synth()
    found = origins(Synthesised.read("prod", tmp_path))
    assert found["gateway errors"] == found["fixed responses"] == found["firewall"] == {CONSOLE}
    assert found["functions"] == {CONSOLE, None}
    assert found["buckets"] == {f"{CONSOLES},{CONSOLE}"}


@pytest.mark.parametrize(
    "origin", ["*", "http://a.example.com", f"{CONSOLE}/", "https://A.example.com", "null"]
)
def test_what_is_not_an_origin_is_refused(origin: str) -> None:
    with pytest.raises(InvalidOriginError, match=r"https://console\.example\.com"):
        choose("prod", browser_origin=origin)
