"""Security groups and their rules."""

from __future__ import annotations

from typing import Any, Final

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Diff, Names, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

_EVERYWHERE: Final = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_SOURCES: Final = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
"""List and member of a permission for each source of a rule."""
_MEMBERS: Final = {
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "description": "Description",
    "fromPort": "FromPort",
    "ipProtocol": "IpProtocol",
    "referencedSecurityGroupId": "ReferencedGroupId",
    "toPort": "ToPort",
}
"""Members of `ModifySecurityGroupRules` by property."""


class SecurityGroup(RowHandler):
    """`aws:ec2/securityGroup:SecurityGroup`, without AWS's default rule that allows all outbound traffic."""

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create it without rules."""
        identifier = super().create(cloud, urn=urn, inputs=inputs)
        _remove_default_rule(cloud, identifier)
        return identifier

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Find it by tag; the interrupted run may have left the default rule."""
        identifier = super().find(cloud, urn=urn, inputs=inputs)
        if identifier is not None:
            _remove_default_rule(cloud, identifier)
        return identifier


def _remove_default_rule(cloud: Cloud, identifier: str) -> None:
    missing = ("InvalidPermission.NotFound",)
    arguments: dict[str, Any] = {"GroupId": identifier, "IpPermissions": [_EVERYWHERE]}
    call(cloud, "ec2", "revoke_security_group_egress", ignored_codes=missing, **arguments)


class DefaultSecurityGroup(RowHandler):
    """`aws:ec2/defaultSecurityGroup:DefaultSecurityGroup`, without rules."""

    def prepare(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Configure no rules, so that a refresh shows manually added ones.

        Raises:
            ResourceError: the program configures rules.
        """
        if new.get("ingress") or new.get("egress"):
            raise ResourceError(
                f"{self.token} {name!r}: the local run supports a default security group only without rules; "
                f"put the rules into another group",
            )
        emptied: Properties = {**new, "ingress": [], "egress": []}
        return super().prepare(cloud, name=name, old=old, new=emptied)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Adopt the VPC's group and remove its rules.

        Raises:
            ResourceError: the VPC has no default group.
        """
        of_vpc = {"Name": "vpc-id", "Values": [inputs["vpcId"]]}
        default = {"Name": "group-name", "Values": ["default"]}
        groups = self.call(cloud, self.row.read, Filters=[of_vpc, default])["SecurityGroups"]
        if not groups:
            raise ResourceError(
                f"VPC {inputs['vpcId']!r} has no default security group: create the VPC again"
            )
        identifier = str(groups[0]["GroupId"])
        self._remove_rules(cloud, identifier)
        tags = tagging.pairs(tagging.with_urn(inputs.get("tags"), urn))
        self.call(cloud, "create_tags", Resources=[identifier], Tags=tags)
        return identifier

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Remove its rules again and change its tags."""
        self._remove_rules(cloud, id)
        super().update(cloud, id=id, old=old, new=new, changed=changed)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Do nothing: it is deleted with its VPC."""

    def _remove_rules(self, cloud: Cloud, identifier: str) -> None:
        group = self.describe(cloud, identifier, {}) or {}
        for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if group.get(key):
                revoke = f"revoke_security_group_{direction}"
                self.call(cloud, revoke, GroupId=identifier, IpPermissions=group[key])


class SecurityGroupRule(RowHandler):
    """An ingress or egress rule of a security group."""

    def prepare(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new`.

        Raises:
            ResourceError: it does not have exactly one source or destination.
        """
        given = [source for source in _SOURCES if new.get(source) is not None]
        if len(given) != 1:
            raise ResourceError(
                f"{self.token} {name!r} needs exactly one of {', '.join(_SOURCES)}, "
                f"got {' and '.join(given) or 'none'}",
            )
        return super().prepare(cloud, name=name, old=old, new=new)

    def diff(self, old: Properties, new: Properties) -> Diff:
        """Require replacement for another kind of source (hashicorp/aws ModifyPlan: RequiresReplace)."""
        diff = super().diff(old, new)
        other_kind = {key for key in diff.changed if key in _SOURCES and not (old.get(key) and new.get(key))}
        return Diff(changed=diff.changed, replace=tuple(sorted({*diff.replace, *other_kind})))

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create it.

        Raises:
            ResourceError: the group has the same rule of another resource.
        """
        source = next(source for source in _SOURCES if inputs.get(source))
        ranges, member = _SOURCES[source]
        described = {"Description": inputs["description"]} if inputs.get("description") else {}
        permission: dict[str, Any] = {ranges: [{member: inputs[source], **described}]}
        for key in ("fromPort", "ipProtocol", "toPort"):
            if inputs.get(key) is not None:
                permission[_MEMBERS[key]] = inputs[key]
        answer = self.call(
            cloud,
            self.row.create,
            GroupId=inputs["securityGroupId"],
            IpPermissions=[permission],
            **self.tag_arguments(cloud, urn, inputs),
        )
        identifier = self.identifier(inputs, answer)
        if cloud.is_known(self.token, identifier):
            # AWS answers InvalidPermission.Duplicate here, MiniStack returns the existing rule.
            raise ResourceError(
                f"security group {inputs['securityGroupId']!r} has this rule already ({identifier}): "
                f"declare it once",
            )
        return identifier

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change all of it in place."""
        if set(changed) - {"tags"}:
            configured = {member: new[key] for key, member in _MEMBERS.items() if new.get(key) is not None}
            rule = {"FromPort": -1, "ToPort": -1, "Description": "", **configured}
            rules = [{"SecurityGroupRuleId": id, "SecurityGroupRule": rule}]
            self.call(
                cloud, "modify_security_group_rules", GroupId=new["securityGroupId"], SecurityGroupRules=rules
            )
        super().update(cloud, id=id, old=old, new=new, changed=changed)

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Leave out the ports of a rule for all protocols, which AWS returns as -1."""
        outputs = super().outputs(cloud, identifier, item, inputs)
        for port in ("fromPort", "toPort"):
            if outputs[port] == -1 and inputs.get(port) is None:
                outputs[port] = None
        return outputs

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Revoke it."""
        arguments: dict[str, Any] = {"GroupId": outputs["securityGroupId"], "SecurityGroupRuleIds": [id]}
        self.call(cloud, self.row.delete, may_be_missing=True, **arguments)
