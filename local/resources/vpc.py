"""VPCs, their subnets and internet gateways."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from local.resources.aws_calls import call
from local.resources.base import Properties
from local.resources.ec2 import Ec2Resource

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_VPC_SOURCE = "hashicorp/aws internal/service/ec2/vpc_.go: ForceNew"


class Vpc(Ec2Resource):
    """`aws:ec2/vpc:Vpc`."""

    token = "aws:ec2/vpc:Vpc"
    force_new = dict.fromkeys(("cidrBlock", "instanceTenancy"), _VPC_SOURCE)
    in_place = frozenset({"assignGeneratedIpv6CidrBlock", "enableDnsHostnames", "enableDnsSupport", "tags"})
    describe, ids, listed, key = "describe_vpcs", "VpcIds", "Vpcs", "VpcId"
    absent, tag_type = "InvalidVpcID.NotFound", "vpc"

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it, with its DNS settings."""
        answer = call(
            cloud,
            "ec2",
            "create_vpc",
            CidrBlock=inputs["cidrBlock"],
            InstanceTenancy=inputs.get("instanceTenancy") or "default",
            AmazonProvidedIpv6CidrBlock=bool(inputs.get("assignGeneratedIpv6CidrBlock")),
            TagSpecifications=self.tag_specifications(urn, inputs),
        )
        identifier = str(answer["Vpc"]["VpcId"])
        self._set_dns(cloud, identifier, inputs, tuple(inputs))
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it with the ids of what AWS makes along with it."""
        vpc = self.one(cloud, id)
        if vpc is None:
            return None
        of_vpc = {"Name": "vpc-id", "Values": [id]}
        tables = call(
            cloud,
            "ec2",
            "describe_route_tables",
            Filters=[of_vpc, {"Name": "association.main", "Values": ["true"]}],
        )["RouteTables"]
        groups = call(
            cloud,
            "ec2",
            "describe_security_groups",
            Filters=[of_vpc, {"Name": "group-name", "Values": ["default"]}],
        )["SecurityGroups"]
        table = tables[0]["RouteTableId"] if tables else None
        outputs: Properties = {
            "arn": self.arn(cloud, vpc["OwnerId"], id),
            "assignGeneratedIpv6CidrBlock": bool(inputs.get("assignGeneratedIpv6CidrBlock")),
            "cidrBlock": vpc["CidrBlock"],
            "defaultRouteTableId": table,
            "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "enableDnsHostnames": self._dns(cloud, id, "enableDnsHostnames"),
            "enableDnsSupport": self._dns(cloud, id, "enableDnsSupport"),
            "instanceTenancy": vpc.get("InstanceTenancy"),
            "mainRouteTableId": table,
            "ownerId": vpc["OwnerId"],
            "region": cloud.region,
            **self.tag_outputs(vpc),
        }
        if inputs.get("assignGeneratedIpv6CidrBlock"):
            # MiniStack knows no IPv6: the block is made up, the same each time, as subnets are cut from it.
            digits = sha256(id.encode()).hexdigest()
            outputs["ipv6CidrBlock"] = f"2600:1f18:{digits[:4]}:{digits[4:6]}00::/56"
            outputs["ipv6AssociationId"] = f"vpc-cidr-assoc-{digits[:17]}"
        return outputs

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change DNS settings and tags; MiniStack has nothing to change for IPv6."""
        self._set_dns(cloud, id, new, changed)
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it with its main route table and default security group."""
        del outputs
        call(cloud, "ec2", "delete_vpc", VpcId=id, absent=(self.absent,))

    def _dns(self, cloud: Cloud, identifier: str, attribute: str) -> bool:
        answer = call(cloud, "ec2", "describe_vpc_attribute", VpcId=identifier, Attribute=attribute)
        return bool(answer[attribute[0].upper() + attribute[1:]]["Value"])

    def _set_dns(self, cloud: Cloud, identifier: str, inputs: Properties, names: tuple[str, ...]) -> None:
        # One attribute for each call: AWS takes no two at once.
        for name, default in (("enableDnsSupport", True), ("enableDnsHostnames", False)):
            if name in names:
                wanted = inputs.get(name)
                argument = {name[0].upper() + name[1:]: {"Value": default if wanted is None else wanted}}
                call(cloud, "ec2", "modify_vpc_attribute", VpcId=identifier, **argument)


class Subnet(Ec2Resource):
    """`aws:ec2/subnet:Subnet`."""

    token = "aws:ec2/subnet:Subnet"
    force_new = dict.fromkeys(
        ("availabilityZone", "cidrBlock", "vpcId"),
        "hashicorp/aws internal/service/ec2/vpc_subnet.go: ForceNew",
    )
    in_place = frozenset({"assignIpv6AddressOnCreation", "ipv6CidrBlock", "mapPublicIpOnLaunch", "tags"})
    describe, ids, listed, key = "describe_subnets", "SubnetIds", "Subnets", "SubnetId"
    absent, tag_type = "InvalidSubnetID.NotFound", "subnet"

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it, with public addresses where that is asked."""
        optional: dict[str, Any] = {
            "AvailabilityZone": inputs.get("availabilityZone"),
            "Ipv6CidrBlock": inputs.get("ipv6CidrBlock"),
        }
        answer = call(
            cloud,
            "ec2",
            "create_subnet",
            VpcId=inputs["vpcId"],
            CidrBlock=inputs["cidrBlock"],
            TagSpecifications=self.tag_specifications(urn, inputs),
            **{name: value for name, value in optional.items() if value},
        )
        identifier = str(answer["Subnet"]["SubnetId"])
        if inputs.get("mapPublicIpOnLaunch"):
            self._map_public_ip(cloud, identifier, on=True)
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it as it is now; MiniStack knows no IPv6, so that is told as it was asked for."""
        subnet = self.one(cloud, id)
        if subnet is None:
            return None
        return {
            "arn": subnet["SubnetArn"],
            "assignIpv6AddressOnCreation": bool(inputs.get("assignIpv6AddressOnCreation")),
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet["AvailabilityZoneId"],
            "cidrBlock": subnet["CidrBlock"],
            "ipv6CidrBlock": inputs.get("ipv6CidrBlock"),
            "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
            "ownerId": subnet["OwnerId"],
            "region": cloud.region,
            "vpcId": subnet["VpcId"],
            **self.tag_outputs(subnet),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change public addresses and tags; MiniStack has nothing to change for IPv6."""
        if "mapPublicIpOnLaunch" in changed:
            self._map_public_ip(cloud, id, on=bool(new.get("mapPublicIpOnLaunch")))
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        call(cloud, "ec2", "delete_subnet", SubnetId=id, absent=(self.absent,))

    def _map_public_ip(self, cloud: Cloud, identifier: str, *, on: bool) -> None:
        call(cloud, "ec2", "modify_subnet_attribute", SubnetId=identifier, MapPublicIpOnLaunch={"Value": on})


class InternetGateway(Ec2Resource):
    """`aws:ec2/internetGateway:InternetGateway`, attached to its VPC."""

    token = "aws:ec2/internetGateway:InternetGateway"
    force_new = dict.fromkeys((), "")
    in_place = frozenset({"tags", "vpcId"})
    describe, ids = "describe_internet_gateways", "InternetGatewayIds"
    listed, key = "InternetGateways", "InternetGatewayId"
    absent, tag_type = "InvalidInternetGatewayID.NotFound", "internet-gateway"

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it and attach it."""
        specifications = self.tag_specifications(urn, inputs)
        answer = call(cloud, "ec2", "create_internet_gateway", TagSpecifications=specifications)
        identifier = str(answer["InternetGateway"]["InternetGatewayId"])
        self._move(cloud, identifier, old=None, new=inputs.get("vpcId"))
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it with the VPC that it is attached to."""
        del inputs
        gateway = self.one(cloud, id)
        if gateway is None:
            return None
        attachments: list[dict[str, Any]] = gateway.get("Attachments") or [{}]
        return {
            "arn": self.arn(cloud, gateway["OwnerId"], id),
            "ownerId": gateway["OwnerId"],
            "region": cloud.region,
            "vpcId": attachments[0].get("VpcId"),
            **self.tag_outputs(gateway),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Move it to another VPC, change its tags."""
        if "vpcId" in changed:
            self._move(cloud, id, old=old.get("vpcId"), new=new.get("vpcId"))
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Detach and delete it."""
        self._move(cloud, id, old=outputs.get("vpcId"), new=None)
        call(cloud, "ec2", "delete_internet_gateway", InternetGatewayId=id, absent=(self.absent,))

    def _move(self, cloud: Cloud, identifier: str, *, old: str | None, new: str | None) -> None:
        if old:
            gone = (self.absent, "Gateway.NotAttached", "InvalidVpcID.NotFound")
            call(
                cloud, "ec2", "detach_internet_gateway", InternetGatewayId=identifier, VpcId=old, absent=gone
            )
        if new:
            call(cloud, "ec2", "attach_internet_gateway", InternetGatewayId=identifier, VpcId=new)
