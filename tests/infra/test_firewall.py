import json
from collections.abc import Callable

import pytest

from tests.infra.template import Synthesised


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_the_api_is_behind_the_firewall(
    synthesise: Callable[[str], Synthesised], environment: str
) -> None:
    found = synthesise(environment)
    (association,) = found.of_type("AWS::WAFv2::WebACLAssociation").values()
    assert "DeploymentStage" in str(association["ResourceArn"])
    (acl,) = found.of_type("AWS::WAFv2::WebACL").values()
    rules = {rule["Name"]: rule for rule in acl["Rules"]}
    assert rules.keys() == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
        "rate-per-address",
    }
    # Batches are larger than the 8 KB that the managed rule takes.
    (override,) = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"][
        "RuleActionOverrides"
    ]
    assert override == {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
    refused = rules["rate-per-address"]["Action"]["Block"]["CustomResponse"]
    assert refused["ResponseCode"] == 429
    assert {"Name": "Retry-After", "Value": "60"} in refused["ResponseHeaders"]
    body = acl["CustomResponseBodies"][refused["CustomResponseBodyKey"]]
    assert body["ContentType"] == "APPLICATION_JSON"
    problem = json.loads(body["Content"])
    assert problem["type"].endswith("/problems/too-many-requests")
    assert (problem["status"], problem["title"]) == (429, "Too many requests")


def test_dev_has_no_firewall(synthesise: Callable[[str], Synthesised]) -> None:
    assert not synthesise("dev").of_type("AWS::WAFv2::WebACL")
