from collections.abc import Callable

import pytest

from tests.infra.template import Synthesised, listed, text
from waybill.landing.expiry import EXPIRY_TAG


def test_no_bucket_is_public(synthesised: Synthesised) -> None:
    for bucket in synthesised.of_type("AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_buckets_are_versioned_encrypted_and_notify_eventbridge(synthesised: Synthesised) -> None:
    buckets = synthesised.buckets()
    assert len(buckets) == 2
    for bucket in buckets.values():
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["BucketEncryption"]
        reported = bucket["NotificationConfiguration"]["EventBridgeConfiguration"]
        assert reported["EventBridgeEnabled"] is True


def test_leftovers_in_buckets_expire(synthesised: Synthesised) -> None:
    for bucket in synthesised.buckets().values():
        rule = bucket["LifecycleConfiguration"]["Rules"][0]
        assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 2
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] >= 7
        assert "ExpirationInDays" not in rule


def test_exports_and_samples_which_an_erasure_does_not_reach_are_dropped_after_a_day(
    synthesised: Synthesised,
) -> None:
    rules = {
        rule.get("Prefix"): rule
        for bucket in synthesised.buckets().values()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    }
    for prefix in ("exports/", "samples/"):
        rule = rules[prefix]
        assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 1)
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_what_may_hold_an_erased_person_expires_with_all_versions(synthesised: Synthesised) -> None:
    name, value = EXPIRY_TAG
    rules = [
        rule
        for bucket in synthesised.buckets().values()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "TagFilters" in rule
    ]
    assert [rule["TagFilters"] for rule in rules] == [[{"Key": name, "Value": value}]]
    assert (rules[0]["Status"], rules[0]["Prefix"]) == ("Enabled", "landing/")
    assert rules[0]["ExpirationInDays"] == 7
    assert rules[0]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_only_the_reaper_tags_and_only_landed_objects(synthesised: Synthesised) -> None:
    tagging = {
        (step, action, text(resource).rpartition("/landing/")[2])
        for step in synthesised.functions()
        for statement in synthesised.statements_of(step)
        for action in listed(statement["Action"])
        if "Tagging" in action
        for resource in listed(statement["Resource"])
    }
    assert tagging == {
        ("reap", "s3:PutObjectTagging", "*"),
        ("reap", "s3:PutObjectVersionTagging", "*"),
    }


def test_buckets_are_reached_over_tls_only(on_aws: Synthesised) -> None:
    guarded = {
        policy["Bucket"]["Ref"]
        for policy in on_aws.of_type("AWS::S3::BucketPolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Action"] == "s3:*"
        and statement["Condition"].get("Bool") == {"aws:SecureTransport": "false"}
    }
    assert guarded == on_aws.of_type("AWS::S3::Bucket").keys()


def test_the_database_is_private(on_aws: Synthesised) -> None:
    instances = on_aws.of_type("AWS::RDS::DBInstance").values()
    assert len(instances) == (2 if on_aws.environment == "prod" else 1)
    for instance in instances:
        assert instance["PubliclyAccessible"] is False
        # The template names the version, so nothing else may change it.
        assert instance["AutoMinorVersionUpgrade"] is False
    for absent in ("NatGateway", "InternetGateway"):
        assert not on_aws.of_type(f"AWS::EC2::{absent}")
    for subnet in on_aws.of_type("AWS::EC2::Subnet").values():
        assert subnet["MapPublicIpOnLaunch"] is False
    ingress = list(on_aws.of_type("AWS::EC2::SecurityGroupIngress").values())
    ports = {(rule["FromPort"], rule["ToPort"]) for rule in ingress}
    assert ports == {(5432, 5432), *({(6379, 6379)} if on_aws.environment == "prod" else set())}
    assert all("SourceSecurityGroupId" in rule for rule in ingress)


def test_functions_connect_to_the_database_and_to_https_only(on_aws: Synthesised) -> None:
    (functions,) = (
        group["SecurityGroupEgress"]
        for group in on_aws.of_type("AWS::EC2::SecurityGroup").values()
        if group["GroupDescription"].startswith("Functions")
    )
    rules = [*functions, *on_aws.of_type("AWS::EC2::SecurityGroupEgress").values()]
    to = {
        (rule["FromPort"], rule["ToPort"], rule.get("CidrIp", rule.get("CidrIpv6", "database")))
        for rule in rules
    }
    https = {(443, 443, "0.0.0.0/0"), (443, 443, "::/0")}
    cache = {(6379, 6379, "database")} if on_aws.environment == "prod" else set()
    assert to == {(5432, 5432, "database"), *https, *cache}


def test_only_prod_has_a_cache_server(on_aws: Synthesised) -> None:
    caches = list(on_aws.of_type("AWS::ElastiCache::ServerlessCache").values())
    variables = on_aws.functions()["lookups"]["Environment"]["Variables"]
    assert len(caches) == (on_aws.environment == "prod") == ("CACHE_URL" in variables)
    for cache in caches:
        assert cache["Engine"] == "valkey"
        assert "KmsKeyId" in cache
        assert cache["CacheUsageLimits"]["DataStorage"]["Maximum"] == 1
        assert "valkeys://" in str(variables["CACHE_URL"])


def test_the_s3_endpoint_admits_the_two_buckets_only(on_aws: Synthesised) -> None:
    (endpoint,) = on_aws.of_type("AWS::EC2::VPCEndpoint").values()
    (statement,) = endpoint["PolicyDocument"]["Statement"]
    buckets = {f"${{{name}.Arn}}" for name in on_aws.buckets()}
    assert set(map(text, statement["Resource"])) == buckets | {f"{arn}/*" for arn in buckets}


def test_functions_use_ipv6_and_the_gateway_endpoint_of_s3(on_aws: Synthesised) -> None:
    routes = on_aws.of_type("AWS::EC2::Route").values()
    assert len(routes) == len(on_aws.of_type("AWS::EC2::Subnet")) == 2
    for route in routes:
        assert route["DestinationIpv6CidrBlock"] == "::/0"
        assert route["EgressOnlyInternetGatewayId"]
    (endpoint,) = on_aws.of_type("AWS::EC2::VPCEndpoint").values()
    assert endpoint["VpcEndpointType"] == "Gateway"


def test_the_database_is_encrypted_and_takes_verified_tls_and_iam(on_aws: Synthesised) -> None:
    (cluster,) = on_aws.of_type("AWS::RDS::DBCluster").values()
    assert cluster["StorageEncrypted"] is True
    assert cluster["EnableIAMDatabaseAuthentication"] is True
    assert cluster["EnableCloudwatchLogsExports"] == ["postgresql"]
    assert cluster["EngineVersion"].startswith("18.")
    assert cluster["MasterUsername"] == "waybill_admin"
    (parameters,) = on_aws.of_type("AWS::RDS::DBClusterParameterGroup").values()
    assert parameters["Parameters"]["rds.force_ssl"] == "1"
    assert "rds.logical_replication" not in parameters["Parameters"]
    assert parameters["Parameters"]["shared_preload_libraries"] == "pg_stat_statements,auto_explain"
    for function in on_aws.functions().values():
        variables = function["Environment"]["Variables"]
        assert variables.get("DATABASE_TLS", "verify-full") == "verify-full"


@pytest.mark.parametrize(
    ("environment", "kept"), [("dev", False), ("staging", True), ("prod", True)]
)
def test_data_is_retained_where_it_must_be(
    synthesise: Callable[[str], Synthesised], environment: str, kept: bool
) -> None:
    found = synthesise(environment)
    (cluster,) = found.of_type("AWS::RDS::DBCluster").values()
    assert cluster["DeletionProtection"] is kept
    for name, resource in found.resources.items():
        # Each deployment brings the files of the console.
        if name.startswith("ConsoleFiles"):
            continue
        if resource["Type"] in ("AWS::RDS::DBCluster", "AWS::S3::Bucket"):
            assert (resource["DeletionPolicy"] == "RetainExceptOnCreate") is kept


def test_the_database_of_dev_pauses(synthesise: Callable[[str], Synthesised]) -> None:
    (cluster,) = synthesise("dev").of_type("AWS::RDS::DBCluster").values()
    scaling = cluster["ServerlessV2ScalingConfiguration"]
    assert scaling["MinCapacity"] == 0
    assert scaling["SecondsUntilAutoPause"] == 600


def test_data_is_in_a_stack_of_its_own(on_aws: Synthesised) -> None:
    service = on_aws.templates[f"waybill-{on_aws.environment}"]["Resources"]
    kinds = {
        resource["Type"]
        for name, resource in service.items()
        if not name.startswith("ConsoleFiles")
    }
    assert not kinds & {"AWS::S3::Bucket", "AWS::RDS::DBCluster", "AWS::EC2::VPC"}


def test_local_is_one_stack_without_network_and_database(
    synthesise: Callable[[str], Synthesised],
) -> None:
    local = synthesise("local")
    assert local.templates.keys() == {"waybill-local"}
    kinds = {resource["Type"].split("::")[1] for resource in local.resources.values()}
    assert not kinds & {"EC2", "RDS", "CloudFormation"}
    assert not [r for r in local.resources.values() if r["Type"].startswith("Custom::")]
