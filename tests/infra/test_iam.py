import re

import pytest

from infra.access import NETWORK_INTERFACES
from tests.infra.template import Synthesised, listed, text
from waybill.outbox.relay import SOURCE

# AWS allows these on everything or not at all.
WITHOUT_RESOURCE = {"xray:PutTelemetryRecords", "xray:PutTraceSegments", *NETWORK_INTERFACES}
# The roles of API Gateway's logs and of RDS's monitoring; the CDK's caller of `migrate`; what
# CodeDeploy needs to move aliases.
MANAGED = {
    "AmazonAPIGatewayPushToCloudWatchLogs",
    "AWSLambdaBasicExecutionRole",
    "AmazonRDSEnhancedMonitoringRole",
    "AWSCodeDeployRoleForLambdaLimited",
}
# Below a prefix of a bucket; a secret's random end; the versions of what calls `migrate`; the
# secrets and the schedules of sources; the buckets of others that an environment names.
NARROW = re.compile(
    r"(.*/(landing|tickets|contracts|markers|deadlines|exports|audit|metrics|extractions"
    r"|publications|deliveries|lake|samples|samples/reserved)/\*"
    r"|[^*?]*:secret:waybill/local/waybill_[a-z]+-\?{6}"
    r"|\$\{MigrationProviderframework\w+\.Arn\}:\*"
    r"|\$\{ConsoleProviderframework\w+\.Arn\}:\*|\$\{ConsoleFiles\w+\.Arn\}/\*"
    r"|[^*?]*:secret:waybill/\w+/sources/\*|[^*?]*:schedule/waybill-\w+-sources/\*"
    r"|[^*?]*:secret:waybill/\w+/receivers/\*|[^*?]*:schedule/waybill-\w+-deliveries/\*"
    r"|[^*?]*:sns:[^*?]*:waybill-\w+-notify-\*"
    r"|arn:aws:s3:::waybill-local-source/\*)"
)


def test_no_action_is_a_wildcard(synthesised: Synthesised) -> None:
    for _, statement in synthesised.statements():
        assert statement["Effect"] == "Allow"
        assert all("*" not in action for action in listed(statement["Action"])), statement


def test_resources_are_exact(synthesised: Synthesised) -> None:
    for _, statement in synthesised.statements():
        actions = set(listed(statement["Action"]))
        for resource in map(text, listed(statement["Resource"])):
            if resource == "*":
                assert actions <= WITHOUT_RESOURCE, statement
            elif "*" in resource or "?" in resource:
                assert NARROW.fullmatch(resource), statement


def test_no_managed_policy_beyond_those_of_aws_own_parts(synthesised: Synthesised) -> None:
    ours = {found["Role"]["Fn::GetAtt"][0] for found in synthesised.functions().values()}
    for name, role in synthesised.of_type("AWS::IAM::Role").items():
        managed = {text(arn).rsplit("/", 1)[-1] for arn in role.get("ManagedPolicyArns", [])}
        assert managed <= MANAGED
        assert not (managed and name in ours), name


def test_every_function_has_a_role_of_its_own(synthesised: Synthesised) -> None:
    roles = [function["Role"]["Fn::GetAtt"][0] for function in synthesised.functions().values()]
    assert len(roles) == len(set(roles))


def test_only_migrate_reads_the_administrators_password(on_aws: Synthesised) -> None:
    for step in on_aws.functions():
        secrets = {
            text(resource)
            for statement in on_aws.statements_of(step)
            if "secretsmanager:GetSecretValue" in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        }
        if step in ("extract", "notify"):
            kind = "sources" if step == "extract" else "receivers"
            assert [name.rpartition(":")[2] for name in secrets] == [
                f"waybill/{on_aws.environment}/{kind}/*"
            ]
        else:
            assert bool(secrets) == (step == "migrate"), step


@pytest.mark.parametrize("step", ["extract", "notify"])
def test_what_reaches_other_hosts_has_no_way_to_the_database(
    synthesised: Synthesised, step: str
) -> None:
    function = synthesised.functions()[step]
    assert "VpcConfig" not in function
    assert not [n for n in function["Environment"]["Variables"] if n.startswith("DATABASE")]
    actions = {a for s in synthesised.statements_of(step) for a in listed(s["Action"])}
    assert "rds-db:connect" not in actions


def test_a_function_connects_as_its_role_and_no_other(on_aws: Synthesised) -> None:
    for step, function in on_aws.functions().items():
        variables = function["Environment"]["Variables"]
        allowed = [
            text(resource)
            for statement in on_aws.statements_of(step)
            if "rds-db:connect" in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        ]
        if "DATABASE_AUTH" in variables:
            assert [arn.rsplit("/", 1)[-1] for arn in allowed] == [variables["DATABASE_USER"]]
        else:
            assert not allowed


def test_the_upload_endpoint_does_not_need_the_database(synthesised: Synthesised) -> None:
    for step in ("upload", "datasets", "docs", "admin"):
        function = synthesised.functions()[step]
        assert "VpcConfig" not in function
        assert not [n for n in function["Environment"]["Variables"] if n.startswith("DATABASE")]


def test_events_are_put_in_waybills_name_only(synthesised: Synthesised) -> None:
    putting = [one for _, one in synthesised.statements() if "events:PutEvents" in one["Action"]]
    assert len(putting) == 3
    for statement in putting:
        assert statement["Condition"] == {"ForAllValues:StringEquals": {"events:source": [SOURCE]}}
