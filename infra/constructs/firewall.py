"""AWS WAF in front of the API: AWS's managed rules, and a rate per client address."""

import json

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.environments import Environment
from waybill.http.cors import readable
from waybill.http.problem_types import PROBLEM_TYPES
from waybill.http.problems import TYPE_URL

_MANAGED = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    # It would block bodies over 8 KB: batches and small files are larger. The gateway takes
    # 10 MB at most, the functions check what they take.
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",),
}
_SECONDS = 60
_TOO_MANY = "too-many-requests"


class Firewall(Construct):
    """A web ACL on the API's stage. Presigned uploads go to S3 and never pass it."""

    def __init__(self, scope: Construct, environment: Environment, stage: apigateway.Stage) -> None:
        """Create the ACL and associate it with `stage`."""
        super().__init__(scope, "Firewall")
        self._name = f"waybill-{environment.name}"
        self._origin = environment.browser_origin
        rules = [
            self._managed(priority, name, counted)
            for priority, (name, counted) in enumerate(_MANAGED.items())
        ]
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=self._metrics("requests"),
            custom_response_bodies={
                _TOO_MANY: wafv2.CfnWebACL.CustomResponseBodyProperty(
                    content=_problem(), content_type="APPLICATION_JSON"
                )
            },
            rules=[*rules, self._rate(len(rules), environment.client_requests_per_minute)],
        )
        wafv2.CfnWebACLAssociation(
            self, "OnStage", resource_arn=stage.stage_arn, web_acl_arn=acl.attr_arn
        )

    def _metrics(self, name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
        return wafv2.CfnWebACL.VisibilityConfigProperty(
            cloud_watch_metrics_enabled=True,
            metric_name=f"{self._name}-{name}",
            # Samples would keep headers and query strings of requests.
            sampled_requests_enabled=False,
        )

    def _managed(
        self, priority: int, name: str, counted: tuple[str, ...]
    ) -> wafv2.CfnWebACL.RuleProperty:
        """A rule group of AWS; the rules in `counted` count what they match, and let it pass."""
        return wafv2.CfnWebACL.RuleProperty(
            name=name,
            priority=priority,
            override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
            statement=wafv2.CfnWebACL.StatementProperty(
                managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                    vendor_name="AWS",
                    name=name,
                    rule_action_overrides=[
                        wafv2.CfnWebACL.RuleActionOverrideProperty(
                            name=rule,
                            action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={}),
                        )
                        for rule in counted
                    ],
                )
            ),
            visibility_config=self._metrics(name),
        )

    def _rate(self, priority: int, limit: int) -> wafv2.CfnWebACL.RuleProperty:
        """Refuse an address that sent more than `limit` requests in a minute, with 429."""
        refused = wafv2.CfnWebACL.CustomResponseProperty(
            response_code=429,
            custom_response_body_key=_TOO_MANY,
            response_headers=[
                wafv2.CfnWebACL.CustomHTTPHeaderProperty(name=name, value=value)
                for name, value in (
                    {"Retry-After": str(_SECONDS)} | readable(self._origin, ["Retry-After"])
                ).items()
            ],
        )
        return wafv2.CfnWebACL.RuleProperty(
            name="rate-per-address",
            priority=priority,
            action=wafv2.CfnWebACL.RuleActionProperty(
                block=wafv2.CfnWebACL.BlockActionProperty(custom_response=refused)
            ),
            statement=wafv2.CfnWebACL.StatementProperty(
                rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                    aggregate_key_type="IP", evaluation_window_sec=_SECONDS, limit=limit
                )
            ),
            visibility_config=self._metrics("rate-per-address"),
        )


def _problem() -> str:
    """A problem document (RFC 9457). AWS WAF knows no request id, and its JSON no other type."""
    problem = {
        "type": f"{TYPE_URL}{_TOO_MANY}",
        "title": PROBLEM_TYPES[_TOO_MANY].title,
        "status": 429,
        "detail": f"Too many requests from this address. Retry in {_SECONDS} seconds.",
    }
    return json.dumps(problem)
