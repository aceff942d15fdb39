"""Handlers of types whose row lacks one thing."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


class FileSystem(RowHandler):
    """`aws:efs/fileSystem:FileSystem`, whose files are in Docker volumes."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it and its volumes."""
        from local.emulated.volumes import FILE_SYSTEM, remove_volumes

        super().delete(cloud, id=id, outputs=outputs)
        remove_volumes(f"{FILE_SYSTEM}={id}")


class Namespace(RowHandler):
    """A Cloud Map namespace; AWS returns the operation that creates it, and only the operation has the id."""

    def call(
        self, cloud: Cloud, operation: str, *, may_be_missing: bool = False, **arguments: Any
    ) -> dict[str, Any]:
        """Call AWS; a creation returns its operation."""
        answer = super().call(cloud, operation, may_be_missing=may_be_missing, **arguments)
        if operation != self.row.create:
            return answer
        return super().call(cloud, "get_operation", OperationId=answer["OperationId"])


class RolePolicy(RowHandler):
    """`aws:iam/rolePolicy:RolePolicy`; its id is `<role>:<policy>`."""

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Find it by role and logical name: an inline policy has no tags, and its name a random suffix."""
        automatic = re.compile(rf"{re.escape(urn.rsplit('::', 1)[-1])}-[0-9a-f]{{7}}")
        answer = self.call(cloud, "list_role_policies", may_be_missing=True, RoleName=inputs["role"])
        ids = (
            f"{inputs['role']}:{name}"
            for name in answer.get("PolicyNames", [])
            if name == inputs.get("name") or automatic.fullmatch(name)
        )
        return next((identifier for identifier in ids if not cloud.is_known(self.token, identifier)), None)


class Vpc(RowHandler):
    """`aws:ec2/vpc:Vpc`, with the ids of what AWS creates along with it."""

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
