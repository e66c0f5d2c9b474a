"""The VPC of the database and of the functions that connect to it; it has no public subnet."""

from typing import cast

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

POSTGRESQL = ec2.Port.tcp(5432)


class Network(Construct):
    """Private dual-stack subnets in two zones, with outbound IPv6 only.

    There is no NAT gateway and no interface endpoint. S3 is reached through the gateway
    endpoint, other AWS services over IPv6 through the egress-only gateway; both are free.
    """

    def __init__(self, scope: Construct) -> None:
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
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)
            },
        )
        self._route_out()
        self.functions = ec2.SecurityGroup(
            self,
            "Functions",
            vpc=self.vpc,
            description="Functions that connect to the database",
            allow_all_outbound=True,
            allow_all_ipv6_outbound=True,
        )
        self.database = ec2.SecurityGroup(
            self,
            "Database",
            vpc=self.vpc,
            description="The database",
            allow_all_outbound=False,
        )
        self.database.add_ingress_rule(self.functions, POSTGRESQL, "Functions")

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
