"""Aurora PostgreSQL Serverless v2, reached with IAM tokens over verified TLS."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Acknowledgment, ArnFormat, Duration, Stack, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.access import retention
from infra.constructs.alarms import PERIOD, Condition, alarm
from infra.constructs.cluster_name import cluster_name
from infra.constructs.database_parameters import parameters
from infra.constructs.log_group import removal_policy
from infra.constructs.network import Network
from infra.constructs.slow_queries import SlowQueries
from infra.environments import Environment
from infra.functions import ADMIN_ROLE
from infra.restore import Restore

_VERSION = rds.AuroraPostgresEngineVersion.VER_18_6
_NAME = "waybill"
_PAUSE_AFTER = Duration.minutes(10)


class Aurora(Construct):
    """The cluster, and how the functions connect to it.

    There is no RDS Proxy: COPY into a staging table pins the session, and a proxy prevents
    auto-pause. The queues' concurrency limits bound the number of connections.
    """

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        network: Network,
        key: kms.IKey | None = None,
        restore: Restore | None = None,
    ) -> None:
        """Create the cluster in `network`, encrypted with `key` or with RDS's own.

        `restore` creates it from a snapshot or from another cluster's backups; one that is
        there already is replaced, and kept where the environment keeps data.
        """
        super().__init__(scope, "Aurora")
        self._network = network
        name = cluster_name(Stack.of(self), environment, restore)
        pauses = environment.least_acu == 0
        self._has_readers = environment.readers > 0
        self.cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            cluster_identifier=name,
            engine=rds.DatabaseClusterEngine.aurora_postgres(version=_VERSION),
            writer=_instance("Writer"),
            readers=[
                _instance(f"Reader{number}", reads=True)
                for number in range(1, environment.readers + 1)
            ],
            serverless_v2_min_capacity=environment.least_acu,
            serverless_v2_max_capacity=environment.most_acu,
            serverless_v2_auto_pause_duration=_PAUSE_AFTER if pauses else None,
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[network.database],
            default_database_name=_NAME,
            # For the first deployment: then `migrate` connects with an IAM token as well.
            credentials=rds.Credentials.from_generated_secret(ADMIN_ROLE, encryption_key=key),
            iam_authentication=True,
            parameters=parameters(environment),
            storage_encrypted=True,
            storage_encryption_key=key,
            backup=rds.BackupProps(retention=Duration.days(environment.backup_days)),
            cloudwatch_logs_exports=["postgresql"],
            cloudwatch_logs_retention=None,
            copy_tags_to_snapshot=True,
            # Processes and memory of the instances, beside Aurora's own metrics.
            monitoring_interval=Duration.minutes(1) if environment.keep_data else None,
            deletion_protection=environment.keep_data,
            removal_policy=removal_policy(environment),
        )
        # Without its password a kept cluster, or a copy of it, could not be opened.
        self._secret.apply_removal_policy(removal_policy(environment))
        if restore:
            restore.apply(cast(rds.CfnDBCluster, self.cluster.node.default_child))
        Validations.of(self.cluster).acknowledge(
            Acknowledgment(
                id="CloudFormation-Validate::E9006",
                reason="The rule's list of engine versions is older than the CDK's constants.",
            )
        )
        slow_queries = SlowQueries(self, self._log_group(name, environment, key))
        if environment.all_alarms:
            slow_queries.add_alarm(environment)
            self._capacity_alarm(environment)

    def _log_group(
        self, name: str, environment: Environment, key: kms.IKey | None
    ) -> logs.LogGroup:
        """Create the cluster's log group before Aurora does, to set its retention."""
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/rds/cluster/{name}/postgresql",
            encryption_key=key,
            retention=retention(environment.log_retention_days),
            removal_policy=removal_policy(environment),
        )
        self.cluster.node.add_dependency(log)
        return log

    def _capacity_alarm(self, environment: Environment) -> None:
        capacity = self.cluster.metric_acu_utilization(period=PERIOD, statistic="Average")
        alarm(
            self,
            environment,
            "capacity",
            "The database is at its largest size.",
            Condition(capacity, 95, 3),
        )

    @property
    def metrics(self) -> Mapping[str, cloudwatch.IMetric]:
        """The cluster's size and load."""
        return {
            "size": self.cluster.metric_serverless_database_capacity(
                period=PERIOD, statistic="Maximum"
            ),
            "load": self.cluster.metric_acu_utilization(period=PERIOD, statistic="Average"),
            "connections": self.cluster.metric_database_connections(
                period=PERIOD, statistic="Maximum"
            ),
        }

    @property
    def outputs(self) -> Mapping[str, str]:
        """What a person needs to connect as the administrator, by the name of the output."""
        return {
            "ClusterName": self.cluster.cluster_identifier,
            "DatabaseHost": self.cluster.cluster_endpoint.hostname,
            "DatabaseSecret": self._secret.secret_arn,
            "VpcId": self._network.vpc.vpc_id,
            "FunctionsSecurityGroup": self._network.functions.security_group_id,
        }

    @property
    def reader_host(self) -> str | None:
        """The endpoint of the readers; Aurora's leads to the writer where there are none."""
        return self.cluster.cluster_read_endpoint.hostname if self._has_readers else None

    @property
    def network(self) -> tuple[ec2.IVpc, ec2.ISecurityGroup]:
        """VPC and security group for functions that connect to the cluster."""
        return self._network.vpc, self._network.functions

    def fields(self, role: str) -> Mapping[str, str]:
        """Connect to the writer as `role`; only the admin role may use a password."""
        return {
            "database_host": self.cluster.cluster_endpoint.hostname,
            "database_port": "5432",
            "database_name": _NAME,
            "database_user": role,
            "database_tls": "verify-full",
            **self._authentication(role),
        }

    def _authentication(self, role: str) -> Mapping[str, str]:
        if role != ADMIN_ROLE:
            return {"database_auth": "iam"}
        return {"database_auth": "iam-or-secret", "database_secret_arn": self._secret.secret_arn}

    @property
    def _secret(self) -> secretsmanager.ISecret:
        return cast(secretsmanager.ISecret, self.cluster.secret)

    def statements(self, role: str) -> Sequence[iam.PolicyStatement]:
        """Allow connecting as exactly `role`, and the admin role reading its password."""
        user = Stack.of(self).format_arn(
            service="rds-db",
            resource="dbuser",
            resource_name=f"{self.cluster.cluster_resource_identifier}/{role}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        granted = {"rds-db:connect": user}
        if role == ADMIN_ROLE:
            granted["secretsmanager:GetSecretValue"] = self._secret.secret_arn
        return [
            iam.PolicyStatement(actions=[action], resources=[resource])
            for action, resource in granted.items()
        ]


def _instance(name: str, *, reads: bool = False) -> rds.IClusterInstance:
    """An instance without automatic minor upgrades: the version is the template's."""
    if reads:
        return rds.ClusterInstance.serverless_v2(
            name,
            publicly_accessible=False,
            auto_minor_version_upgrade=False,
            # It takes over from the writer at the writer's size.
            scale_with_writer=True,
        )
    return rds.ClusterInstance.serverless_v2(
        name, publicly_accessible=False, auto_minor_version_upgrade=False
    )
