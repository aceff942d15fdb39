"""VPCs with the ids of what AWS creates along with them."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


class Vpc(RowHandler):
    """`aws:ec2/vpc:Vpc`."""

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add DNS settings, main route table, default security group and IPv6 block."""
        item |= self.call(cloud, "describe_vpc_attribute", VpcId=identifier, Attribute="enableDnsHostnames")
        of_vpc = {"Name": "vpc-id", "Values": [identifier]}
        main = {"Name": "association.main", "Values": ["true"]}
        default = {"Name": "group-name", "Values": ["default"]}
        tables = self.call(cloud, "describe_route_tables", Filters=[of_vpc, main])["RouteTables"]
        groups = self.call(cloud, "describe_security_groups", Filters=[of_vpc, default])["SecurityGroups"]
        outputs = super().outputs(cloud, identifier, item, inputs)
        outputs["defaultRouteTableId"] = outputs["mainRouteTableId"] = tables[0]["RouteTableId"]
        outputs["defaultSecurityGroupId"] = groups[0]["GroupId"]
        if inputs.get("assignGeneratedIpv6CidrBlock"):
            # MiniStack has no IPv6. The block has to be the same each time, as subnets are cut from it.
            digits = sha256(identifier.encode()).hexdigest()
            outputs["ipv6CidrBlock"] = f"2600:1f18:{digits[:4]}:{digits[4:6]}00::/56"
            outputs["ipv6AssociationId"] = f"vpc-cidr-assoc-{digits[:17]}"
        return outputs
