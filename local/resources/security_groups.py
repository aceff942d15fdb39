"""Security groups, and their rules as resources of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Diff, Properties, ResourceError
from local.resources.ec2 import Ec2Resource

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_NO_GROUP = "InvalidGroup.NotFound"
_NO_RULE = "InvalidSecurityGroupRuleId.NotFound"
_GROUP_SOURCE = "hashicorp/aws internal/service/ec2/vpc_security_group.go: ForceNew"
_EVERYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


class SecurityGroup(Ec2Resource):
    """`aws:ec2/securityGroup:SecurityGroup`; rules inside it are refused, as the program has none."""

    token = "aws:ec2/securityGroup:SecurityGroup"
    force_new = dict.fromkeys(("description", "name", "vpcId"), _GROUP_SOURCE)
    in_place = frozenset({"tags"})
    settled_at_creation = frozenset({"revokeRulesOnDelete"})
    name_property = "name"
    describe, ids = "describe_security_groups", "GroupIds"
    listed, key = "SecurityGroups", "GroupId"
    absent, tag_type = _NO_GROUP, "security-group"

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Add the provider's own description where there is none."""
        described = {**new, "description": new.get("description") or "Managed by Pulumi"}
        return super().check(cloud, name=name, old=old, new=described, random_hex=random_hex)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it, and take away the rule that lets everything out, as the provider does."""
        answer = call(
            cloud,
            "ec2",
            "create_security_group",
            GroupName=inputs["name"],
            Description=inputs["description"],
            VpcId=inputs["vpcId"],
            TagSpecifications=self.tag_specifications(urn, inputs),
        )
        identifier = str(answer["GroupId"])
        self._close(cloud, identifier)
        return identifier

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag; the run that was cut off may not have come to taking the open rule away."""
        identifier = super().find(cloud, urn=urn, inputs=inputs)
        if identifier is not None:
            self._close(cloud, identifier)
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it without its rules."""
        del inputs
        group = self.one(cloud, id)
        if group is None:
            return None
        return {
            "arn": self.arn(cloud, group["OwnerId"], id),
            "description": group["Description"],
            "name": group["GroupName"],
            "ownerId": group["OwnerId"],
            "region": cloud.region,
            "vpcId": group["VpcId"],
            **self.tag_outputs(group),
        }

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        call(cloud, "ec2", "delete_security_group", GroupId=id, absent=(self.absent,))

    def _close(self, cloud: Cloud, identifier: str) -> None:
        gone = ("InvalidPermission.NotFound",)
        permissions = [_EVERYWHERE]
        call(
            cloud,
            "ec2",
            "revoke_security_group_egress",
            absent=gone,
            GroupId=identifier,
            IpPermissions=permissions,
        )


class DefaultSecurityGroup(Ec2Resource):
    """`aws:ec2/defaultSecurityGroup:DefaultSecurityGroup`: the one that a VPC comes with, emptied."""

    token = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    force_new = dict.fromkeys(
        ("vpcId",),
        "hashicorp/aws internal/service/ec2/vpc_default_security_group.go: ForceNew",
    )
    in_place = frozenset({"egress", "ingress", "tags"})
    settled_at_creation = frozenset({"revokeRulesOnDelete"})
    describe, ids = "describe_security_groups", "GroupIds"
    listed, key = "SecurityGroups", "GroupId"
    absent, tag_type = _NO_GROUP, "security-group"

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Say that it has no rules, so that a refresh sees those that somebody adds.

        Raises:
            ResourceError: the program wants rules in it.
        """
        if new.get("ingress") or new.get("egress"):
            raise ResourceError(
                f"{self.token} {name!r}: the local run only empties a default security group; "
                f"put the rules into a group of your own",
            )
        emptied: Properties = {**new, "ingress": [], "egress": []}
        return super().check(cloud, name=name, old=old, new=emptied, random_hex=random_hex)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Take it over from its VPC and empty it.

        Raises:
            ResourceError: the VPC has none.
        """
        wanted = [
            {"Name": "vpc-id", "Values": [inputs["vpcId"]]},
            {"Name": "group-name", "Values": ["default"]},
        ]
        groups = call(cloud, "ec2", self.describe, Filters=wanted)[self.listed]
        if not groups:
            raise ResourceError(f"VPC {inputs['vpcId']!r} has no default security group: make the VPC anew")
        identifier = str(groups[0]["GroupId"])
        self._empty(cloud, identifier)
        tags = tagging.with_urn(inputs.get("tags"), urn)
        call(cloud, "ec2", "create_tags", Resources=[identifier], Tags=tagging.pairs(tags))
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it with the rules that it has."""
        del inputs
        group = self.one(cloud, id)
        if group is None:
            return None
        return {
            "arn": self.arn(cloud, group["OwnerId"], id),
            "description": group["Description"],
            "egress": [_rule_output(rule) for rule in group.get("IpPermissionsEgress", [])],
            "ingress": [_rule_output(rule) for rule in group.get("IpPermissions", [])],
            "name": group["GroupName"],
            "ownerId": group["OwnerId"],
            "region": cloud.region,
            "vpcId": group["VpcId"],
            **self.tag_outputs(group),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Empty it again, change its tags."""
        if {"egress", "ingress"} & set(changed):
            self._empty(cloud, id)
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Leave it to its VPC, with which it goes."""

    def _empty(self, cloud: Cloud, identifier: str) -> None:
        group = self.one(cloud, identifier) or {}
        for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if group.get(key):
                revoke = f"revoke_security_group_{direction}"
                call(cloud, "ec2", revoke, GroupId=identifier, IpPermissions=group[key])


def _rule_output(rule: dict[str, Any]) -> Properties:
    return {
        "cidrBlocks": [item["CidrIp"] for item in rule.get("IpRanges", [])],
        "fromPort": rule.get("FromPort", 0),
        "ipv6CidrBlocks": [item["CidrIpv6"] for item in rule.get("Ipv6Ranges", [])],
        "protocol": rule["IpProtocol"],
        "securityGroups": [item["GroupId"] for item in rule.get("UserIdGroupPairs", [])],
        "toPort": rule.get("ToPort", 0),
    }


_SOURCES = {
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "referencedSecurityGroupId": "ReferencedGroupId",
}


class _SecurityGroupRule(Ec2Resource):
    """One rule of a security group."""

    direction: ClassVar[str]
    force_new = dict.fromkeys(
        ("referencedSecurityGroupId", "securityGroupId"),
        "hashicorp/aws internal/service/ec2/vpc_security_group_ingress_rule.go: RequiresReplace; "
        "AWS changes a referenced group in place, but MiniStack ignores it",
    )
    # MiniStack cannot take a description away again; that difference stays unseen.
    in_place = frozenset({"cidrIpv4", "cidrIpv6", "description", "fromPort", "ipProtocol", "tags", "toPort"})
    describe, ids = "describe_security_group_rules", "SecurityGroupRuleIds"
    listed, key = "SecurityGroupRules", "SecurityGroupRuleId"
    absent, tag_type = _NO_RULE, "security-group-rule"

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Return `new` with default tags.

        Raises:
            ResourceError: it does not say exactly one place that it is about.
        """
        given = [source for source in _SOURCES if new.get(source) is not None]
        if len(given) != 1:
            raise ResourceError(
                f"{self.token} {name!r} needs exactly one of {', '.join(_SOURCES)}, "
                f"got {' and '.join(given) or 'none'}",
            )
        return super().check(cloud, name=name, old=old, new=new, random_hex=random_hex)

    def diff(self, old: Properties, new: Properties) -> Diff:
        """A rule cannot turn from a range to a group in place (hashicorp/aws ModifyPlan: RequiresReplace)."""
        diff = super().diff(old, new)
        turned = {
            source
            for source in diff.changed
            if source in _SOURCES and (not old.get(source) or not new.get(source))
        }
        return Diff(changed=diff.changed, replace=tuple(sorted({*diff.replace, *turned})))

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it.

        Raises:
            ResourceError: the group has this very rule for another resource already.
        """
        permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"]}
        for name, key in (("fromPort", "FromPort"), ("toPort", "ToPort")):
            if inputs.get(name) is not None:
                permission[key] = inputs[name]
        described = {"Description": inputs["description"]} if inputs.get("description") else {}
        if inputs.get("cidrIpv4"):
            permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **described}]
        elif inputs.get("cidrIpv6"):
            permission["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **described}]
        else:
            permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"], **described}]
        answer = call(
            cloud,
            "ec2",
            f"authorize_security_group_{self.direction}",
            GroupId=inputs["securityGroupId"],
            IpPermissions=[permission],
            TagSpecifications=self.tag_specifications(urn, inputs),
        )
        identifier = str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])
        if cloud.is_known(self.token, identifier):
            # AWS says InvalidPermission.Duplicate here, MiniStack hands out the one that is there.
            raise ResourceError(
                f"security group {inputs['securityGroupId']!r} has this rule already ({identifier}): "
                f"declare it once",
            )
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it; ports that the program left out stay out."""
        rule = self.one(cloud, id)
        if rule is None:
            return None
        outputs: Properties = {
            "arn": rule["SecurityGroupRuleArn"],
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "description": rule.get("Description"),
            "fromPort": rule.get("FromPort"),
            "ipProtocol": rule["IpProtocol"],
            "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            "region": cloud.region,
            "securityGroupId": rule["GroupId"],
            "securityGroupRuleId": id,
            "toPort": rule.get("ToPort"),
            **self.tag_outputs(rule),
        }
        for port in ("fromPort", "toPort"):
            if outputs[port] == -1 and inputs.get(port) is None:
                outputs[port] = None
        return outputs

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change it in place."""
        if set(changed) - {"tags"}:
            rule: dict[str, Any] = {
                "IpProtocol": new["ipProtocol"],
                "FromPort": -1 if new.get("fromPort") is None else new["fromPort"],
                "ToPort": -1 if new.get("toPort") is None else new["toPort"],
                "Description": new.get("description") or "",
                **{key: new[name] for name, key in _SOURCES.items() if new.get(name)},
            }
            call(
                cloud,
                "ec2",
                "modify_security_group_rules",
                GroupId=new["securityGroupId"],
                SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": rule}],
            )
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Revoke it."""
        call(
            cloud,
            "ec2",
            f"revoke_security_group_{self.direction}",
            GroupId=outputs["securityGroupId"],
            SecurityGroupRuleIds=[id],
            absent=(_NO_GROUP, _NO_RULE),
        )


class SecurityGroupIngressRule(_SecurityGroupRule):
    """`aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"


class SecurityGroupEgressRule(_SecurityGroupRule):
    """`aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule`."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"
