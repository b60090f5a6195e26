"""The stream reader's network: a way out to port 443, and no way in."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable

from infra.findings import acknowledge
from infra.names import Names
from infra.reading import ExistingNetwork, NatNetwork, Network

VPC_BLOCK = "10.0.0.0/24"
PUBLIC_BLOCKS = ("10.0.0.0/26", "10.0.0.64/26")
PRIVATE_BLOCKS = ("10.0.0.128/26", "10.0.0.192/26")
ANYWHERE = "0.0.0.0/0"


class ReaderNetwork(Construct):
    """A VPC with subnets in two zones, or no more than a security group in one that is there.

    `ways_out` are what a task needs before it starts: without its routes no image can be pulled.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, names: Names, network: Network
    ) -> None:
        super().__init__(scope, construct_id)
        self._names = names
        self.ways_out: list[IDependable] = []
        self.subnet_ids: Sequence[str]
        if isinstance(network, ExistingNetwork):
            self.subnet_ids = network.subnet_ids
            self.public_address = network.public_address
            self._security_group(network.vpc_id)
            return
        vpc = self._vpc()
        public, tables = self._public_subnets(vpc)
        self.subnet_ids, self.public_address = [subnet.ref for subnet in public], True
        if isinstance(network, NatNetwork):
            private, tables = self._private_subnets(vpc, public[0])
            self.subnet_ids, self.public_address = [subnet.ref for subnet in private], False
        self._endpoints(vpc, tables)
        self._security_group(vpc.ref)

    def _vpc(self) -> ec2.CfnVPC:
        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block=VPC_BLOCK,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._tags("reader"),
        )
        acknowledge(
            vpc,
            "AwsSolutions-VPC7",
            "Nothing can come in and only TLS goes out, from one task that logs each connection it"
            " makes; flow logs would cost more than the task and say less.",
        )
        return vpc

    def _public_subnets(
        self, vpc: ec2.CfnVPC
    ) -> tuple[Sequence[ec2.CfnSubnet], Sequence[ec2.CfnRouteTable]]:
        gateway = ec2.CfnInternetGateway(self, "InternetGateway", tags=self._tags("reader"))
        attached = ec2.CfnVPCGatewayAttachment(
            self, "Attachment", vpc_id=vpc.ref, internet_gateway_id=gateway.ref
        )
        table = self._route_table(vpc, "Public")
        route = ec2.CfnRoute(
            self,
            "PublicRoute",
            route_table_id=table.ref,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.ref,
        )
        route.add_resource_dependency(attached)
        self.ways_out.append(route)
        return self._subnets(vpc, "Public", PUBLIC_BLOCKS, table), [table]

    def _private_subnets(
        self, vpc: ec2.CfnVPC, public: ec2.CfnSubnet
    ) -> tuple[Sequence[ec2.CfnSubnet], Sequence[ec2.CfnRouteTable]]:
        address = ec2.CfnEIP(self, "Address", domain="vpc", tags=self._tags("reader"))
        nat = ec2.CfnNatGateway(
            self,
            "Nat",
            subnet_id=public.ref,
            allocation_id=address.attr_allocation_id,
            tags=self._tags("reader"),
        )
        for way in self.ways_out:
            nat.node.add_dependency(way)
        table = self._route_table(vpc, "Private")
        self.ways_out.append(
            ec2.CfnRoute(
                self,
                "PrivateRoute",
                route_table_id=table.ref,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=nat.ref,
            )
        )
        return self._subnets(vpc, "Private", PRIVATE_BLOCKS, table), [table]

    def _route_table(self, vpc: ec2.CfnVPC, which: str) -> ec2.CfnRouteTable:
        return ec2.CfnRouteTable(
            self, f"{which}Routes", vpc_id=vpc.ref, tags=self._tags(f"reader-{which.lower()}")
        )

    def _subnets(
        self, vpc: ec2.CfnVPC, which: str, blocks: Sequence[str], table: ec2.CfnRouteTable
    ) -> Sequence[ec2.CfnSubnet]:
        """One subnet in each of the region's first two zones."""
        subnets = []
        for zone, block in enumerate(blocks):
            subnet = ec2.CfnSubnet(
                self,
                f"{which}{zone + 1}",
                vpc_id=vpc.ref,
                cidr_block=block,
                availability_zone=cdk.Fn.select(zone, cdk.Fn.get_azs()),
                # The service asks for an address by itself; nothing else gets one by accident.
                map_public_ip_on_launch=False,
                tags=self._tags(f"reader-{which.lower()}-{zone + 1}"),
            )
            self.ways_out.append(
                ec2.CfnSubnetRouteTableAssociation(
                    self, f"{which}{zone + 1}Routed", subnet_id=subnet.ref, route_table_id=table.ref
                )
            )
            subnets.append(subnet)
        return subnets

    def _endpoints(self, vpc: ec2.CfnVPC, tables: Sequence[ec2.CfnRouteTable]) -> None:
        """S3 and DynamoDB without the internet: gateway endpoints cost nothing."""
        for service in ("s3", "dynamodb"):
            ec2.CfnVPCEndpoint(
                self,
                f"{service.capitalize()}Endpoint",
                vpc_id=vpc.ref,
                vpc_endpoint_type="Gateway",
                service_name=cdk.Fn.sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                route_table_ids=[table.ref for table in tables],
            )

    def _security_group(self, vpc_id: str) -> None:
        # Port 443 is enough: a VPC's own resolver is not subject to security groups.
        group = ec2.CfnSecurityGroup(
            self,
            "SecurityGroup",
            vpc_id=vpc_id,
            group_description="The stream reader: nothing in, TLS out",
            security_group_ingress=[],
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="tcp",
                    from_port=443,
                    to_port=443,
                    cidr_ip=ANYWHERE,
                    description="AWS, and the hosts of streams",
                )
            ],
            tags=self._tags("reader"),
        )
        self.security_group_id = group.attr_group_id

    def _tags(self, name: str) -> list[cdk.CfnTag]:
        return [cdk.CfnTag(key="Name", value=f"{self._names.prefix}-{name}")]
