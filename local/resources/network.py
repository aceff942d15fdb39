"""What rows cannot say of VPCs, internet gateways and routes."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from zlib import crc32

from local.resources.base import Names, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


class Vpc(RowHandler):
    """`aws:ec2/vpc:Vpc`, with the ids of what AWS makes along with it."""

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add DNS settings, main route table, default security group and IPv6 block."""
        for name in ("EnableDnsHostnames", "EnableDnsSupport"):
            attribute = name[0].lower() + name[1:]
            item |= self.call(cloud, "describe_vpc_attribute", VpcId=identifier, Attribute=attribute)
        of_vpc = {"Name": "vpc-id", "Values": [identifier]}
        main = {"Name": "association.main", "Values": ["true"]}
        default = {"Name": "group-name", "Values": ["default"]}
        tables = self.call(cloud, "describe_route_tables", Filters=[of_vpc, main])["RouteTables"]
        groups = self.call(cloud, "describe_security_groups", Filters=[of_vpc, default])["SecurityGroups"]
        outputs = super().outputs(cloud, identifier, item, inputs)
        outputs["defaultRouteTableId"] = outputs["mainRouteTableId"] = tables[0]["RouteTableId"]
        outputs["defaultSecurityGroupId"] = groups[0]["GroupId"]
        if inputs.get("assignGeneratedIpv6CidrBlock"):
            # MiniStack knows no IPv6: the block is made up, the same each time, as subnets are cut from it.
            digits = sha256(identifier.encode()).hexdigest()
            outputs["ipv6CidrBlock"] = f"2600:1f18:{digits[:4]}:{digits[4:6]}00::/56"
            outputs["ipv6AssociationId"] = f"vpc-cidr-assoc-{digits[:17]}"
        return outputs


class InternetGateway(RowHandler):
    """`aws:ec2/internetGateway:InternetGateway`, attached to its VPC."""

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Move it to another VPC, change its tags."""
        if "vpcId" in changed and old.get("vpcId"):
            before = {"InternetGatewayId": id, "VpcId": old["vpcId"]}
            self.call(cloud, "detach_internet_gateway", absent=True, **before)
        attached = tuple(key for key in changed if key != "vpcId" or new.get(key))
        super().update(cloud, id=id, old=old, new=new, changed=attached)


class Route(RowHandler):
    """`aws:ec2/route:Route` through an internet or NAT gateway, found in its table by its destination."""

    def identifier(self, inputs: Properties, answer: dict[str, Any]) -> str:
        """Return the id that the provider gives it."""
        del answer
        destination = inputs.get("destinationCidrBlock") or inputs["destinationIpv6CidrBlock"]
        return f"r-{inputs['routeTableId']}{crc32(destination.encode())}"

    def identity(self, cloud: Cloud, operation: str, identifier: str) -> dict[str, Any]:
        """Return nothing: the destination cannot be seen from the id."""
        del cloud, operation, identifier
        return {}

    def complete(self, operation: str, arguments: dict[str, Any], inputs: Properties) -> dict[str, Any]:
        """Name the route by its table and destination."""
        del operation
        named = {key[0].upper() + key[1:]: inputs[key] for key in self.force_new if inputs.get(key)}
        return {**arguments, **named}

    def describe(self, cloud: Cloud, identifier: str, inputs: Properties) -> dict[str, Any] | None:
        """Return the route with its destination.

        Raises:
            ResourceError: it is to be imported.
        """
        if not inputs.get("routeTableId"):
            raise ResourceError(
                f"route {identifier!r} cannot be imported into the local run: declare it to create it"
            )
        tables = [inputs["routeTableId"]]
        answer = self.call(cloud, self.row.read, absent=True, RouteTableIds=tables)
        # MiniStack drops an IPv6 destination: its route is the one without any.
        wanted = inputs.get("destinationCidrBlock") or ""
        routes = (route for table in answer.get("RouteTables", []) for route in table["Routes"])
        return next((route for route in routes if route.get("DestinationCidrBlock", "") == wanted), None)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del id
        arguments = self.complete(self.row.delete, {}, outputs)
        self.call(cloud, self.row.delete, absent=True, **arguments)
