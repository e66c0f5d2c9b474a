"""Aurora PostgreSQL Serverless v2, reached with IAM tokens over verified TLS."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Acknowledgment, ArnFormat, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.access import retention
from infra.constructs.network import Network
from infra.environments import Environment
from infra.functions import Role

_VERSION = rds.AuroraPostgresEngineVersion.VER_18_6
_ADMIN: Role = "waybill_admin"
_NAME = "waybill"
_PAUSE_AFTER = Duration.minutes(10)


class Aurora(Construct):
    """The cluster, and how the functions connect to it.

    There is no RDS Proxy: COPY into a staging table pins the session, and a proxy prevents
    auto-pause. The queues' concurrency limits bound the number of connections.
    """

    def __init__(self, scope: Construct, environment: Environment, network: Network) -> None:
        """Create the cluster in `network`."""
        super().__init__(scope, "Aurora")
        self._network = network
        pauses = environment.least_acu == 0
        self.cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            engine=rds.DatabaseClusterEngine.aurora_postgres(version=_VERSION),
            writer=rds.ClusterInstance.serverless_v2("Writer", publicly_accessible=False),
            serverless_v2_min_capacity=environment.least_acu,
            serverless_v2_max_capacity=environment.most_acu,
            serverless_v2_auto_pause_duration=_PAUSE_AFTER if pauses else None,
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[network.database],
            default_database_name=_NAME,
            # For `migrate` only; every other role connects with an IAM token.
            credentials=rds.Credentials.from_generated_secret(_ADMIN),
            iam_authentication=True,
            parameters={"rds.force_ssl": "1"},
            storage_encrypted=True,
            backup=rds.BackupProps(retention=Duration.days(environment.backup_days)),
            cloudwatch_logs_exports=["postgresql"],
            cloudwatch_logs_retention=None,
            copy_tags_to_snapshot=True,
            deletion_protection=environment.keep_data,
            removal_policy=RemovalPolicy.RETAIN if environment.keep_data else RemovalPolicy.DESTROY,
        )
        Validations.of(self.cluster).acknowledge(
            Acknowledgment(
                id="CloudFormation-Validate::E9006",
                reason="The rule's list of engine versions is older than the CDK's constants.",
            )
        )
        self._log_group(environment)

    def _log_group(self, environment: Environment) -> None:
        """Create the cluster's log group before Aurora does, to set its retention."""
        name = f"waybill-{environment.name}"
        resource = cast(rds.CfnDBCluster, self.cluster.node.default_child)
        resource.db_cluster_identifier = name
        self.cluster.node.add_dependency(
            logs.LogGroup(
                self,
                "Log",
                log_group_name=f"/aws/rds/cluster/{name}/postgresql",
                retention=retention(environment.log_retention_days),
                removal_policy=RemovalPolicy.RETAIN
                if environment.keep_data
                else RemovalPolicy.DESTROY,
            )
        )

    @property
    def network(self) -> tuple[ec2.IVpc, ec2.ISecurityGroup]:
        """VPC and security group for functions that connect to the cluster."""
        return self._network.vpc, self._network.functions

    def fields(self, role: Role) -> Mapping[str, str]:
        """Connect to the writer as `role`; only the admin role uses a password."""
        return {
            "database_host": self.cluster.cluster_endpoint.hostname,
            "database_port": "5432",
            "database_name": _NAME,
            "database_user": role,
            "database_tls": "verify-full",
            **self._authentication(role),
        }

    def _authentication(self, role: Role) -> Mapping[str, str]:
        if role != _ADMIN:
            return {"database_auth": "iam"}
        return {"database_auth": "secret", "database_secret_arn": self._secret_arn}

    @property
    def _secret_arn(self) -> str:
        return cast(secretsmanager.ISecret, self.cluster.secret).secret_arn

    def statements(self, role: Role) -> Sequence[iam.PolicyStatement]:
        """Allow reading the admin password, or connecting as exactly `role`."""
        if role == _ADMIN:
            action, resource = "secretsmanager:GetSecretValue", self._secret_arn
        else:
            action = "rds-db:connect"
            resource = Stack.of(self).format_arn(
                service="rds-db",
                resource="dbuser",
                resource_name=f"{self.cluster.cluster_resource_identifier}/{role}",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
        return [iam.PolicyStatement(actions=[action], resources=[resource])]
