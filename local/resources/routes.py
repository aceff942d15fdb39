"""Route tables, their routes, and which subnet uses which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from local.resources.aws_calls import call
from local.resources.base import Handler, Properties, ResourceError
from local.resources.ec2 import Ec2Resource

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_NO_TABLE = "InvalidRouteTableID.NotFound"
_TARGETS = {"gatewayId": "GatewayId", "natGatewayId": "NatGatewayId"}


def _tables(cloud: Cloud, filter_name: str, value: str) -> list[dict[str, Any]]:
    wanted = [{"Name": filter_name, "Values": [value]}]
    return call(cloud, "ec2", "describe_route_tables", Filters=wanted)["RouteTables"]


class RouteTable(Ec2Resource):
    """`aws:ec2/routeTable:RouteTable`; its routes are resources of their own."""

    token = "aws:ec2/routeTable:RouteTable"
    force_new = dict.fromkeys(("vpcId",), "hashicorp/aws internal/service/ec2/vpc_route_table.go: ForceNew")
    in_place = frozenset({"tags"})
    describe, ids = "describe_route_tables", "RouteTableIds"
    listed, key = "RouteTables", "RouteTableId"
    absent, tag_type = _NO_TABLE, "route-table"

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it."""
        specifications = self.tag_specifications(urn, inputs)
        vpc = inputs["vpcId"]
        answer = call(cloud, "ec2", "create_route_table", VpcId=vpc, TagSpecifications=specifications)
        return str(answer["RouteTable"]["RouteTableId"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it without its routes."""
        del inputs
        table = self.one(cloud, id)
        if table is None:
            return None
        return {
            "arn": self.arn(cloud, table["OwnerId"], id),
            "ownerId": table["OwnerId"],
            "region": cloud.region,
            "vpcId": table["VpcId"],
            **self.tag_outputs(table),
        }

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        call(cloud, "ec2", "delete_route_table", RouteTableId=id, absent=(self.absent,))


class Route(Handler):
    """`aws:ec2/route:Route` through an internet or NAT gateway."""

    token = "aws:ec2/route:Route"
    force_new = dict.fromkeys(
        ("destinationCidrBlock", "destinationIpv6CidrBlock", "routeTableId"),
        "hashicorp/aws internal/service/ec2/vpc_route.go: ForceNew",
    )
    in_place = frozenset(_TARGETS)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By destination: the table is this stack's own, so whatever leads there is this route."""
        del urn
        identifier = self._id(inputs)
        if cloud.is_known(self.token, identifier) or self._route(cloud, inputs) is None:
            return None
        return identifier

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it."""
        del urn
        call(cloud, "ec2", "create_route", **self._arguments(inputs))
        return self._id(inputs)

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it with its target as it is now."""
        if not inputs.get("routeTableId"):
            raise ResourceError(
                f"route {id!r} cannot be imported into the local run: declare it, and it is made"
            )
        route = self._route(cloud, inputs)
        if route is None:
            return None
        return {
            "destinationCidrBlock": inputs.get("destinationCidrBlock"),
            "destinationIpv6CidrBlock": inputs.get("destinationIpv6CidrBlock"),
            "origin": route.get("Origin"),
            "region": cloud.region,
            "routeTableId": inputs["routeTableId"],
            "state": route.get("State"),
            **{name: route.get(key) for name, key in _TARGETS.items()},
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Lead it to another gateway."""
        del id, old, changed
        call(cloud, "ec2", "replace_route", **self._arguments(new))

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del id
        arguments = {
            key: value for key, value in self._arguments(outputs).items() if key not in _TARGETS.values()
        }
        call(cloud, "ec2", "delete_route", absent=(_NO_TABLE, "InvalidRoute.NotFound"), **arguments)

    def _id(self, inputs: Properties) -> str:
        destination = inputs.get("destinationCidrBlock") or inputs["destinationIpv6CidrBlock"]
        return f"r-{inputs['routeTableId']}{crc32(destination.encode())}"

    def _arguments(self, inputs: Properties) -> dict[str, Any]:
        names = {
            "destinationCidrBlock": "DestinationCidrBlock",
            "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
            "routeTableId": "RouteTableId",
            **_TARGETS,
        }
        return {key: inputs[name] for name, key in names.items() if inputs.get(name)}

    def _route(self, cloud: Cloud, inputs: Properties) -> dict[str, Any] | None:
        table = inputs["routeTableId"]
        answer = call(cloud, "ec2", "describe_route_tables", RouteTableIds=[table], absent=(_NO_TABLE,))
        # MiniStack drops an IPv6 destination: its route is the one without any.
        wanted = inputs.get("destinationCidrBlock") or ""
        for found in answer.get("RouteTables", []):
            for route in found["Routes"]:
                if route.get("DestinationCidrBlock", "") == wanted:
                    return route
        return None


class RouteTableAssociation(Handler):
    """`aws:ec2/routeTableAssociation:RouteTableAssociation` of a subnet."""

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    force_new = dict.fromkeys(
        ("routeTableId", "subnetId"),
        "hashicorp/aws internal/service/ec2/vpc_route_table_association.go: subnet_id ForceNew; "
        "another table gives it another id, so it is another resource here",
    )
    in_place = frozenset[str]()
    # A subnet has one association at most.
    delete_before_replace = True

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By subnet: it has one association at most."""
        del urn
        for table in _tables(cloud, "association.subnet-id", inputs["subnetId"]):
            for association in table["Associations"]:
                identifier = association["RouteTableAssociationId"]
                if (
                    association.get("SubnetId") == inputs["subnetId"]
                    and table["RouteTableId"] == inputs["routeTableId"]
                    and not cloud.is_known(self.token, identifier)
                ):
                    return str(identifier)
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it."""
        del urn
        table, subnet = inputs["routeTableId"], inputs["subnetId"]
        answer = call(cloud, "ec2", "associate_route_table", RouteTableId=table, SubnetId=subnet)
        return str(answer["AssociationId"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it."""
        del inputs
        for table in _tables(cloud, "association.route-table-association-id", id):
            for association in table["Associations"]:
                if association["RouteTableAssociationId"] == id:
                    return {
                        "region": cloud.region,
                        "routeTableId": table["RouteTableId"],
                        "subnetId": association.get("SubnetId"),
                    }
        return None

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Nothing can be changed in place."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        gone = ("InvalidAssociationID.NotFound",)
        call(cloud, "ec2", "disassociate_route_table", AssociationId=id, absent=gone)
