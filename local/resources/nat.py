"""Elastic IP addresses and the NAT gateways that use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.resources.aws_calls import call, wait_until
from local.resources.base import Properties
from local.resources.ec2 import Ec2Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.resources.cloud import Cloud


class Eip(Ec2Resource):
    """`aws:ec2/eip:Eip`, not bound to an instance."""

    token = "aws:ec2/eip:Eip"
    force_new = dict.fromkeys(("domain",), "hashicorp/aws internal/service/ec2/ec2_eip.go: ForceNew")
    in_place = frozenset({"tags"})
    describe, ids, listed, key = "describe_addresses", "AllocationIds", "Addresses", "AllocationId"
    absent, tag_type = "InvalidAllocationID.NotFound", "elastic-ip"

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it."""
        specifications = self.tag_specifications(urn, inputs)
        domain = inputs.get("domain") or "vpc"
        answer = call(cloud, "ec2", "allocate_address", Domain=domain, TagSpecifications=specifications)
        return str(answer["AllocationId"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it."""
        del inputs
        address = self.one(cloud, id)
        if address is None:
            return None
        owner = call(cloud, "sts", "get_caller_identity")["Account"]
        return {
            "allocationId": id,
            "arn": self.arn(cloud, owner, id),
            "associationId": address.get("AssociationId"),
            "domain": address["Domain"],
            "publicIp": address["PublicIp"],
            "region": cloud.region,
            **self.tag_outputs(address),
        }

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Release it."""
        del outputs
        call(cloud, "ec2", "release_address", AllocationId=id, absent=(self.absent,))


class NatGateway(Ec2Resource):
    """`aws:ec2/natGateway:NatGateway`."""

    token = "aws:ec2/natGateway:NatGateway"
    force_new = dict.fromkeys(
        ("allocationId", "connectivityType", "subnetId"),
        "hashicorp/aws internal/service/ec2/vpc_nat_gateway.go: ForceNew",
    )
    in_place = frozenset({"tags"})
    describe, ids, filters = "describe_nat_gateways", "NatGatewayIds", "Filter"
    listed, key = "NatGateways", "NatGatewayId"
    absent, tag_type = "NatGatewayNotFound", "natgateway"

    def is_there(self, item: Mapping[str, Any]) -> bool:
        """A deleted one stays listed for a while."""
        return item["State"] not in {"deleting", "deleted", "failed"}

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it and wait until it can be used."""
        optional = {
            "AllocationId": inputs.get("allocationId"),
            "ConnectivityType": inputs.get("connectivityType"),
        }
        answer = call(
            cloud,
            "ec2",
            "create_nat_gateway",
            SubnetId=inputs["subnetId"],
            TagSpecifications=self.tag_specifications(urn, inputs),
            **{name: value for name, value in optional.items() if value},
        )
        gateway = answer["NatGateway"]
        identifier = str(gateway["NatGatewayId"])
        if gateway["State"] != "available":
            wait_until(
                lambda: self._state(cloud, identifier) == "available",
                f"the start of NAT gateway {identifier}",
            )
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it; MiniStack forgets its address, so that is told as it was asked for."""
        gateway = self.one(cloud, id)
        if gateway is None:
            return None
        addresses: list[dict[str, Any]] = gateway.get("NatGatewayAddresses") or [{}]
        return {
            "allocationId": addresses[0].get("AllocationId") or inputs.get("allocationId"),
            "connectivityType": gateway["ConnectivityType"],
            "publicIp": addresses[0].get("PublicIp"),
            "region": cloud.region,
            "subnetId": gateway["SubnetId"],
            "vpcId": gateway["VpcId"],
            **self.tag_outputs(gateway),
        }

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it and wait until its address is free."""
        del outputs
        if call(cloud, "ec2", "delete_nat_gateway", NatGatewayId=id, absent=(self.absent,)):
            wait_until(
                lambda: self._state(cloud, id) in {None, "deleted"},
                f"the end of NAT gateway {id}",
            )

    def _state(self, cloud: Cloud, identifier: str) -> str | None:
        answer = call(cloud, "ec2", self.describe, absent=(self.absent,), NatGatewayIds=[identifier])
        states = [gateway["State"] for gateway in answer.get(self.listed, [])]
        return states[0] if states else None
