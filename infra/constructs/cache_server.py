"""ElastiCache Serverless for Valkey, for entries that all processes share."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.network import Network
from infra.environments import Environment

VALKEY = ec2.Port.tcp(6379)
# Limits of the bill: entries are small and expire after minutes.
_MAX_GIGABYTES = 1
_MAX_UNITS_PER_SECOND = 5000


class CacheServer(Construct):
    """The cache, reached over TLS by the functions in the database's network only."""

    def __init__(
        self, scope: Construct, environment: Environment, network: Network, key: kms.IKey | None
    ) -> None:
        """Create the cache in `network`, encrypted with `key`."""
        super().__init__(scope, "CacheServer")
        group = ec2.SecurityGroup(
            self,
            "Group",
            vpc=network.vpc,
            description="The cache server",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(network.functions, VALKEY, "Functions")
        network.functions.add_egress_rule(group, VALKEY, "Cache server")
        limits = elasticache.CfnServerlessCache
        self._cache = elasticache.CfnServerlessCache(
            self,
            "Cache",
            engine="valkey",
            major_engine_version="8",
            serverless_cache_name=f"waybill-{environment.name}",
            description="Rows and figures that functions have read",
            cache_usage_limits=limits.CacheUsageLimitsProperty(
                data_storage=limits.DataStorageProperty(maximum=_MAX_GIGABYTES, unit="GB"),
                ecpu_per_second=limits.ECPUPerSecondProperty(maximum=_MAX_UNITS_PER_SECOND),
            ),
            kms_key_id=key.key_arn if key else None,
            security_group_ids=[group.security_group_id],
            subnet_ids=[subnet.subnet_id for subnet in network.vpc.isolated_subnets],
        )

    @property
    def url(self) -> str:
        """Where the functions reach it, over TLS."""
        address, port = self._cache.attr_endpoint_address, self._cache.attr_endpoint_port
        return f"valkeys://{address}:{port}/0"
