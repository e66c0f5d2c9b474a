"""The VPC of the database and of the functions that connect to it; it has no public subnet."""

from typing import cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.buckets import Buckets
from infra.constructs.log_group import log_group
from infra.environments import Environment

POSTGRESQL = ec2.Port.tcp(5432)
HTTPS = ec2.Port.tcp(443)


class Network(Construct):
    """Private dual-stack subnets in two zones, with outbound IPv6 only.

    There is no NAT gateway and no interface endpoint. S3 is reached through the gateway
    endpoint, other AWS services over IPv6 through the egress-only gateway; both are free.
    """

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        buckets: Buckets,
        key: kms.IKey | None = None,
    ) -> None:
        """Create the VPC and the security groups of functions and database."""
        super().__init__(scope, "Network")
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_protocol=ec2.IpProtocol.DUAL_STACK,
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="private",
                    subnet_type=ec2.SubnetType.PRIVATE_ISOLATED,
                    cidr_mask=20,
                    ipv6_assign_address_on_creation=True,
                )
            ],
        )
        if environment.keep_data:
            self.vpc.add_flow_log(
                "Rejected",
                destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                    log_group(self, environment, key)
                ),
                traffic_type=ec2.FlowLogTrafficType.REJECT,
            )
        self._reach_s3(buckets)
        self._route_out()
        self._security_groups()

    def _security_groups(self) -> None:
        """Let the functions reach the database, S3 and the AWS services, and nothing else."""
        self.functions = ec2.SecurityGroup(
            self,
            "Functions",
            vpc=self.vpc,
            description="Functions that connect to the database",
            allow_all_outbound=False,
        )
        self.database = ec2.SecurityGroup(
            self,
            "Database",
            vpc=self.vpc,
            description="The database",
            allow_all_outbound=False,
        )
        self.database.add_ingress_rule(self.functions, POSTGRESQL, "Functions")
        self.functions.add_egress_rule(self.database, POSTGRESQL, "Database")
        self.functions.add_egress_rule(ec2.Peer.any_ipv6(), HTTPS, "AWS services")
        # The only IPv4 route leads to S3, through the gateway endpoint.
        self.functions.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "S3")

    def _reach_s3(self, buckets: Buckets) -> None:
        """Route S3 through the gateway endpoint, which admits the two buckets only."""
        endpoint = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        both = (buckets.landing, buckets.state)
        endpoint.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=["s3:*"],
                resources=[arn for one in both for arn in (one.bucket_arn, f"{one.bucket_arn}/*")],
            )
        )

    def _route_out(self) -> None:
        """Route IPv6 to the egress-only gateway; the CDK creates it without a route."""
        gateway = cast(ec2.CfnEgressOnlyInternetGateway, self.vpc.node.find_child("EIGW6"))
        for number, subnet in enumerate(self.vpc.isolated_subnets, start=1):
            ec2.CfnRoute(
                self,
                f"Out{number}",
                route_table_id=subnet.route_table.route_table_id,
                destination_ipv6_cidr_block="::/0",
                egress_only_internet_gateway_id=gateway.ref,
            )
