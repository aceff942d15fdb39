"""VPC, subnets, routes, NAT and security groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.resources.example import Example, Made, Workbench, by_aws, made_id, one_by_one

if TYPE_CHECKING:
    from local.resources.base import Properties
    from local.resources.cloud import Cloud

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
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


def vpc_id(bench: Workbench) -> str:
    return make_vpc(bench).id


def subnet_id(bench: Workbench) -> str:
    return make_subnet(bench, make_vpc(bench)).id


def group_id(bench: Workbench) -> str:
    return make_group(bench, make_vpc(bench)).id


def table_id(bench: Workbench) -> str:
    return bench.make(ROUTE_TABLE, {"vpcId": vpc_id(bench)}).id


def gateway_id(bench: Workbench) -> str:
    return bench.make(GATEWAY, {}).id


def address_id(bench: Workbench) -> str:
    return bench.make(EIP, {}).id


def nat_id(bench: Workbench) -> str:
    return bench.make(NAT, {"subnetId": subnet_id(bench), "allocationId": address_id(bench)}).id


def tag_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("ec2").create_tags(Resources=[made.id], Tags=[{"Key": "By", "Value": "hand"}])


def _route_elsewhere(cloud: Cloud, made: Made) -> None:
    cloud.client("ec2").replace_route(
        RouteTableId=made.inputs["routeTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId="igw-other",
    )


def _let_in(cloud: Cloud, made: Made) -> None:
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    cloud.client("ec2").authorize_security_group_ingress(GroupId=made.id, IpPermissions=[permission])


def _let_out(cloud: Cloud, made: Made) -> None:
    permission = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    cloud.client("ec2").authorize_security_group_egress(GroupId=made.id, IpPermissions=[permission])


def _another_range(cloud: Cloud, made: Made) -> None:
    rule = {
        "IpProtocol": "tcp",
        "FromPort": made.inputs["fromPort"],
        "ToPort": made.inputs["toPort"],
        "CidrIpv4": "10.0.0.0/8",
        "Description": made.inputs["description"],
    }
    cloud.client("ec2").modify_security_group_rules(
        GroupId=made.inputs["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": made.id, "SecurityGroupRule": rule}],
    )


def _route(bench: Workbench) -> Properties:
    return {
        "routeTableId": table_id(bench),
        "gatewayId": gateway_id(bench),
        "destinationCidrBlock": "0.0.0.0/0",
    }


def _association(bench: Workbench) -> Properties:
    vpc = make_vpc(bench)
    table = bench.make(ROUTE_TABLE, {"vpcId": vpc.id})
    return {"routeTableId": table.id, "subnetId": make_subnet(bench, vpc).id}


def _from_everywhere(bench: Workbench) -> Properties:
    return {
        "securityGroupId": group_id(bench),
        "cidrIpv4": "0.0.0.0/0",
        "ipProtocol": "tcp",
        "fromPort": 80,
        "toPort": 80,
        "description": "The internet, port 80",
    }


def _from_everywhere_by_ipv6(bench: Workbench) -> Properties:
    inputs = _from_everywhere(bench)
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


_RULE_CHANGES = one_by_one(toPort=443, fromPort=443, description="Another", ipProtocol="udp")

EXAMPLES = [
    Example(
        VPC,
        lambda _: {
            "cidrBlock": "10.1.0.0/16",
            "enableDnsHostnames": True,
            "assignGeneratedIpv6CidrBlock": True,
            "tags": {"Name": "network"},
        },
        changes=one_by_one(enableDnsHostnames=False, assignGeneratedIpv6CidrBlock=None),
        replacements=({"cidrBlock": "10.2.0.0/16"},),
        by_hand={
            "enableDnsHostnames": by_aws(
                "ec2", "modify_vpc_attribute", VpcId=made_id, EnableDnsHostnames={"Value": True}
            ),
            "tags": tag_by_hand,
        },
        outputs=("ipv6CidrBlock", "mainRouteTableId", "defaultSecurityGroupId"),
    ),
    Example(
        SUBNET,
        lambda bench: {
            "vpcId": vpc_id(bench),
            "cidrBlock": "10.0.32.0/20",
            "availabilityZone": "us-east-1b",
            "mapPublicIpOnLaunch": False,
            "assignIpv6AddressOnCreation": True,
            "ipv6CidrBlock": "2600:1f18:1:100::/64",
            "tags": {"Name": "network-public-1"},
        },
        changes=one_by_one(
            mapPublicIpOnLaunch=True, assignIpv6AddressOnCreation=None, ipv6CidrBlock="2600:1f18:1:101::/64"
        ),
        replacements=one_by_one(availabilityZone="us-east-1c", cidrBlock="10.0.48.0/20", vpcId=vpc_id),
        by_hand={
            "mapPublicIpOnLaunch": by_aws(
                "ec2", "modify_subnet_attribute", SubnetId=made_id, MapPublicIpOnLaunch={"Value": False}
            )
        },
    ),
    Example(
        GATEWAY,
        lambda bench: {"vpcId": vpc_id(bench)},
        changes=({"vpcId": vpc_id}, {"vpcId": None}, {"vpcId": vpc_id}),
        by_hand={
            "vpcId": by_aws(
                "ec2",
                "detach_internet_gateway",
                InternetGatewayId=made_id,
                VpcId=lambda made: made.inputs["vpcId"],
            )
        },
    ),
    Example(
        ROUTE_TABLE,
        lambda bench: {"vpcId": vpc_id(bench)},
        replacements=({"vpcId": vpc_id},),
        by_hand={"tags": tag_by_hand},
    ),
    Example(
        ROUTE,
        _route,
        changes=({"gatewayId": gateway_id}, {"gatewayId": None, "natGatewayId": nat_id}),
        replacements=({"routeTableId": table_id},),
    ),
    Example(ROUTE, _route, by_hand={"gatewayId": _route_elsewhere}),
    Example(
        ROUTE,
        _route,
        replacements=(
            {"destinationCidrBlock": "10.9.0.0/16"},
            {"destinationCidrBlock": None, "destinationIpv6CidrBlock": "::/0"},
        ),
    ),
    Example(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        _association,
        replacements=one_by_one(routeTableId=table_id, subnetId=subnet_id),
    ),
    Example(
        EIP,
        lambda _: {"tags": {"Name": "network-1"}},
        replacements=({"domain": "standard"},),
        by_hand={"tags": tag_by_hand},
    ),
    Example(
        NAT,
        lambda bench: {
            "subnetId": subnet_id(bench),
            "allocationId": address_id(bench),
            "tags": {"Name": "network-1"},
        },
        replacements=one_by_one(allocationId=address_id, subnetId=subnet_id),
        by_hand={"tags": tag_by_hand},
    ),
    Example(
        GROUP,
        lambda bench: {"vpcId": vpc_id(bench), "description": "The tasks"},
        replacements=one_by_one(description=None, name="chosen", vpcId=vpc_id),
        by_hand={"tags": tag_by_hand},
    ),
    Example(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda bench: {"vpcId": vpc_id(bench)},
        replacements=({"vpcId": vpc_id},),
        by_hand={"ingress": _let_in, "egress": _let_out},
        survives=True,
    ),
    Example(
        INGRESS,
        _from_everywhere,
        changes=(
            *one_by_one(cidrIpv4="10.0.0.0/16", toPort=443, fromPort=443, description="Another"),
            {"ipProtocol": "-1", "fromPort": None, "toPort": None},
            {"ipProtocol": "tcp", "fromPort": 80, "toPort": 80},
        ),
        replacements=(
            {"securityGroupId": group_id},
            {"cidrIpv4": None, "referencedSecurityGroupId": group_id},
        ),
    ),
    Example(INGRESS, _from_everywhere, by_hand={"cidrIpv4": _another_range}),
    Example(INGRESS, _from_everywhere_by_ipv6, changes=({"cidrIpv6": "2600::/16"}, *_RULE_CHANGES)),
    Example(
        EGRESS,
        _to_another_group,
        changes=_RULE_CHANGES,
        replacements=(
            {"referencedSecurityGroupId": group_id},
            {"securityGroupId": group_id},
            {"referencedSecurityGroupId": None, "cidrIpv4": "0.0.0.0/0"},
            {"cidrIpv4": None, "cidrIpv6": "::/0"},
        ),
        by_hand={"tags": tag_by_hand},
    ),
    Example(
        EGRESS,
        lambda bench: {"securityGroupId": group_id(bench), "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"},
    ),
]
