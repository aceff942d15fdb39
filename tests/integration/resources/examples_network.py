"""VPC, subnets, routes, NAT and security groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.resources.example import Example, Made, Workbench

if TYPE_CHECKING:
    from local.resources.base import Properties
    from local.resources.cloud import Cloud

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
EIP = "aws:ec2/eip:Eip"
NAT = "aws:ec2/natGateway:NatGateway"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def make_vpc(bench: Workbench) -> Made:
    return bench.make(VPC, {"cidrBlock": "10.0.0.0/16"})


def make_subnet(bench: Workbench, vpc: Made, cidr: str = "10.0.0.0/24", zone: str = "us-east-1a") -> Made:
    return bench.make(SUBNET, {"vpcId": vpc.id, "cidrBlock": cidr, "availabilityZone": zone})


def make_group(bench: Workbench, vpc: Made) -> Made:
    return bench.make(GROUP, {"vpcId": vpc.id, "description": "For a test"})


def _subnet(bench: Workbench) -> Properties:
    return {
        "vpcId": make_vpc(bench).id,
        "cidrBlock": "10.0.32.0/20",
        "availabilityZone": "us-east-1b",
        "mapPublicIpOnLaunch": False,
        "assignIpv6AddressOnCreation": True,
        "ipv6CidrBlock": "2600:1f18:1:100::/64",
        "tags": {"Name": "network-public-1"},
    }


def _no_public_addresses(cloud: Cloud, made: Made) -> None:
    cloud.client("ec2").modify_subnet_attribute(SubnetId=made.id, MapPublicIpOnLaunch={"Value": True})


def _no_dns_names(cloud: Cloud, made: Made) -> None:
    cloud.client("ec2").modify_vpc_attribute(VpcId=made.id, EnableDnsHostnames={"Value": False})


def _detach(cloud: Cloud, made: Made) -> None:
    vpc = made.inputs["vpcId"]
    cloud.client("ec2").detach_internet_gateway(InternetGatewayId=made.id, VpcId=vpc)


def _tag(cloud: Cloud, made: Made) -> None:
    cloud.client("ec2").create_tags(Resources=[made.id], Tags=[{"Key": "By", "Value": "hand"}])


def _route(bench: Workbench) -> Properties:
    vpc = make_vpc(bench)
    gateway = bench.make(GATEWAY, {"vpcId": vpc.id})
    table = bench.make(ROUTE_TABLE, {"vpcId": vpc.id})
    return {"routeTableId": table.id, "gatewayId": gateway.id, "destinationCidrBlock": "0.0.0.0/0"}


def _ipv6_route(bench: Workbench) -> Properties:
    inputs = _route(bench)
    del inputs["destinationCidrBlock"]
    return {**inputs, "destinationIpv6CidrBlock": "::/0"}


def _another_gateway(bench: Workbench) -> Properties:
    return {"gatewayId": bench.make(GATEWAY, {}).id}


def _lead_elsewhere(cloud: Cloud, made: Made) -> None:
    cloud.client("ec2").replace_route(
        RouteTableId=made.inputs["routeTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId="igw-of-somebody",
    )


def _association(bench: Workbench) -> Properties:
    vpc = make_vpc(bench)
    table = bench.make(ROUTE_TABLE, {"vpcId": vpc.id})
    return {"routeTableId": table.id, "subnetId": make_subnet(bench, vpc).id}


def _nat(bench: Workbench) -> Properties:
    subnet = make_subnet(bench, make_vpc(bench))
    return {"subnetId": subnet.id, "allocationId": bench.make(EIP, {}).id, "tags": {"Name": "network-1"}}


def _let_in(cloud: Cloud, made: Made) -> None:
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    cloud.client("ec2").authorize_security_group_ingress(GroupId=made.id, IpPermissions=[permission])


def _from_the_world(bench: Workbench) -> Properties:
    return {
        "securityGroupId": make_group(bench, make_vpc(bench)).id,
        "cidrIpv4": "0.0.0.0/0",
        "ipProtocol": "tcp",
        "fromPort": 80,
        "toPort": 80,
        "description": "The world, port 80",
    }


def _from_the_world_by_ipv6(bench: Workbench) -> Properties:
    inputs = _from_the_world(bench)
    del inputs["cidrIpv4"]
    return {**inputs, "cidrIpv6": "::/0"}


def _to_another_group(bench: Workbench) -> Properties:
    vpc = make_vpc(bench)
    return {
        "securityGroupId": make_group(bench, vpc).id,
        "referencedSecurityGroupId": make_group(bench, vpc).id,
        "ipProtocol": "tcp",
        "fromPort": 3000,
        "toPort": 3000,
        "description": "Requests and health checks to the tasks",
    }


def _everywhere(bench: Workbench) -> Properties:
    group = make_group(bench, make_vpc(bench)).id
    return {"securityGroupId": group, "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1", "description": "All"}


def _other_ports(_bench: Workbench) -> Properties:
    return {"fromPort": 443, "toPort": 444, "description": "Other ports"}


def _other_range(cloud: Cloud, made: Made) -> None:
    cloud.client("ec2").modify_security_group_rules(
        GroupId=made.inputs["securityGroupId"],
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": made.id,
                "SecurityGroupRule": {
                    "IpProtocol": "tcp",
                    "FromPort": 80,
                    "ToPort": 80,
                    "CidrIpv4": "10.0.0.0/8",
                    "Description": "The world, port 80",
                },
            },
        ],
    )


_ARN = ("arn", "region")

EXAMPLES = [
    Example(
        VPC,
        lambda _bench: {
            "cidrBlock": "10.1.0.0/16",
            "enableDnsHostnames": True,
            "assignGeneratedIpv6CidrBlock": True,
            "tags": {"Name": "network"},
        },
        update=lambda _bench: {"enableDnsHostnames": False, "enableDnsSupport": False},
        tamper=_no_dns_names,
        tampered="enableDnsHostnames",
        outputs=(*_ARN, "ipv6CidrBlock", "mainRouteTableId", "defaultSecurityGroupId"),
    ),
    Example(
        SUBNET,
        _subnet,
        update=lambda _bench: {"mapPublicIpOnLaunch": True, "assignIpv6AddressOnCreation": False},
        tamper=_no_public_addresses,
        tampered="mapPublicIpOnLaunch",
        outputs=(*_ARN, "availabilityZoneId"),
    ),
    Example(
        GATEWAY,
        lambda bench: {"vpcId": make_vpc(bench).id},
        update=lambda bench: {"vpcId": make_vpc(bench).id},
        tamper=_detach,
        tampered="vpcId",
        outputs=_ARN,
    ),
    Example(
        ROUTE_TABLE,
        lambda bench: {"vpcId": make_vpc(bench).id},
        tamper=_tag,
        tampered="tags",
        outputs=_ARN,
    ),
    Example(
        "aws:ec2/route:Route",
        _route,
        update=_another_gateway,
        tamper=_lead_elsewhere,
        tampered="gatewayId",
        outputs=("state",),
    ),
    Example("aws:ec2/route:Route", _ipv6_route),
    Example("aws:ec2/routeTableAssociation:RouteTableAssociation", _association),
    Example(
        EIP,
        lambda _bench: {"tags": {"Name": "network-1"}},
        tamper=_tag,
        tampered="tags",
        outputs=(*_ARN, "allocationId", "publicIp"),
    ),
    Example(NAT, _nat, tamper=_tag, tampered="tags", outputs=("vpcId",)),
    Example(
        GROUP,
        lambda bench: {"vpcId": make_vpc(bench).id, "description": "The tasks"},
        tamper=_tag,
        tampered="tags",
        outputs=(*_ARN, "name"),
    ),
    Example(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda bench: {"vpcId": make_vpc(bench).id},
        tamper=_let_in,
        tampered="ingress",
        survives=True,
        outputs=_ARN,
    ),
    Example(
        INGRESS,
        _from_the_world,
        update=_other_ports,
        tamper=_other_range,
        tampered="cidrIpv4",
        outputs=(*_ARN, "securityGroupRuleId"),
    ),
    Example(INGRESS, _from_the_world_by_ipv6, update=_other_ports),
    Example(EGRESS, _to_another_group, update=_other_ports, tamper=_tag, tampered="tags"),
    Example(EGRESS, _everywhere, outputs=("securityGroupRuleId",)),
]
