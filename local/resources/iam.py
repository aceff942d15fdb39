"""IAM roles and what is attached to them."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.resources import tags as tagging
from local.resources.aws_calls import code_of, explained, tolerating
from local.resources.base import Handler, Properties, ResourceError
from local.resources.shape import json_as_asked

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_MISSING = "NoSuchEntity"
_ROLE_POLICY_SOURCE = "hashicorp/aws internal/service/iam/role_policy.go: ForceNew"
_ATTACHMENT_SOURCE = "hashicorp/aws internal/service/iam/role_policy_attachment.go: ForceNew"
_ROLE_SOURCE = "hashicorp/aws internal/service/iam/role.go: ForceNew"
_ROLE_ATTACHMENT_SOURCE = "hashicorp/aws internal/service/iam/role_policy_attachment.go: ForceNew"


def name_of(inputs: Properties) -> str:
    """Return the name that was asked for, or one that begins as `namePrefix` says."""
    if inputs.get("name"):
        return str(inputs["name"])
    return f"{inputs['namePrefix']}{secrets.token_hex(6)}"


def document_text(document: Any) -> str:
    """Return a policy document as text: boto3 decodes the ones that IAM sends URL-encoded."""
    return document if isinstance(document, str) else json.dumps(document)


def retag(call: Any, recall: Any, target: dict[str, str], old: Properties, new: Properties) -> None:
    """Bring tags from `old` to `new` by IAM's two calls for it."""
    to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
    if to_set:
        call(**target, Tags=tagging.pairs(to_set))
    if to_remove:
        recall(**target, TagKeys=to_remove)


class Role(Handler):
    """An IAM role; its policies are resources of their own."""

    token = "aws:iam/role:Role"
    force_new = dict.fromkeys(("name", "namePrefix", "path"), _ROLE_SOURCE)
    in_place = frozenset({
        "assumeRolePolicy", "description", "maxSessionDuration", "permissionsBoundary", "tags",
    })  # fmt: skip
    settled_at_creation = frozenset({"forceDetachPolicies"})
    json_properties = frozenset({"assumeRolePolicy"})
    name_property = "name"
    name_max_length = 64
    tagged = True

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Refuse what two owners would fight about."""
        for key, instead in (("inlinePolicies", "RolePolicy"), ("managedPolicyArns", "RolePolicyAttachment")):
            if new.get(key):
                raise ResourceError(f"role {name!r}: `{key}` is not known here, use an aws.iam.{instead}")
        return super().check(cloud, name=name, old=old, new=new, random_hex=random_hex)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag: the name has a random end."""
        del inputs
        iam = cloud.client("iam")
        with explained("look for a role of an interrupted run"):
            for page in iam.get_paginator("list_roles").paginate():
                for role in page["Roles"]:
                    name = str(role["RoleName"])
                    if cloud.is_known(self.token, name):
                        continue
                    with tolerating(_MISSING):
                        listed = iam.list_role_tags(RoleName=name)["Tags"]
                        if tagging.carries(tagging.from_pairs(listed), urn):
                            return name
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create the role."""
        name = name_of(inputs)
        arguments: dict[str, Any] = {
            "RoleName": name,
            "AssumeRolePolicyDocument": inputs["assumeRolePolicy"],
            "Tags": tagging.pairs(tagging.with_urn(inputs.get("tags"), urn)),
        }
        for key, argument in (
            ("path", "Path"),
            ("description", "Description"),
            ("maxSessionDuration", "MaxSessionDuration"),
            ("permissionsBoundary", "PermissionsBoundary"),
        ):
            if inputs.get(key) is not None:
                arguments[argument] = inputs[key]
        with explained(f"create IAM role {name!r}"):
            cloud.client("iam").create_role(**arguments)
        return name

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the role, or None."""
        iam = cloud.client("iam")
        with explained(f"read IAM role {id!r}"):
            try:
                role = iam.get_role(RoleName=id)["Role"]
                tags = tagging.visible(tagging.from_pairs(iam.list_role_tags(RoleName=id)["Tags"]))
            except ClientError as error:
                if code_of(error) == _MISSING:
                    return None
                raise
        boundary: Properties = role.get("PermissionsBoundary") or {}
        return {
            "arn": role["Arn"],
            "assumeRolePolicy": json_as_asked(
                inputs.get("assumeRolePolicy"), document_text(role["AssumeRolePolicyDocument"])
            ),
            "createDate": role["CreateDate"].isoformat(),
            "description": role.get("Description") or None,
            "forceDetachPolicies": bool(inputs.get("forceDetachPolicies", False)),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "name": role["RoleName"],
            "namePrefix": inputs.get("namePrefix"),
            "path": role["Path"],
            "permissionsBoundary": boundary.get("PermissionsBoundaryArn"),
            "tags": tags,
            "tagsAll": tags,
            "uniqueId": role["RoleId"],
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change policy, description, duration, boundary and tags."""
        iam = cloud.client("iam")
        with explained(f"update IAM role {id!r}"):
            if "assumeRolePolicy" in changed:
                iam.update_assume_role_policy(RoleName=id, PolicyDocument=new["assumeRolePolicy"])
            if {"description", "maxSessionDuration"} & set(changed):
                iam.update_role(
                    RoleName=id,
                    Description=new.get("description") or "",
                    MaxSessionDuration=new.get("maxSessionDuration") or 3600,
                )
            if "permissionsBoundary" in changed:
                if new.get("permissionsBoundary"):
                    iam.put_role_permissions_boundary(
                        RoleName=id, PermissionsBoundary=new["permissionsBoundary"]
                    )
                else:
                    iam.delete_role_permissions_boundary(RoleName=id)
            if "tags" in changed:
                retag(iam.tag_role, iam.untag_role, {"RoleName": id}, old, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the role, with what hangs on it where `forceDetachPolicies` says so."""
        iam = cloud.client("iam")
        hint = "Delete or detach its policies first, or set forceDetachPolicies"
        with explained(f"delete IAM role {id!r}", hint), tolerating(_MISSING):
            if outputs.get("forceDetachPolicies"):
                for policy in iam.list_attached_role_policies(RoleName=id)["AttachedPolicies"]:
                    iam.detach_role_policy(RoleName=id, PolicyArn=policy["PolicyArn"])
                for name in iam.list_role_policies(RoleName=id)["PolicyNames"]:
                    iam.delete_role_policy(RoleName=id, PolicyName=name)
            iam.delete_role(RoleName=id)


class RolePolicy(Handler):
    """A policy inside one role; its id is `<role>:<policy>`."""

    token = "aws:iam/rolePolicy:RolePolicy"
    force_new = dict.fromkeys(("name", "namePrefix", "role"), _ROLE_POLICY_SOURCE)
    in_place = frozenset({"policy"})
    json_properties = frozenset({"policy"})
    name_property = "name"
    name_max_length = 128

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By the role and the logical name: an inline policy has no tags, and its name a random end."""
        role, logical_name = str(inputs["role"]), urn.rsplit("::", 1)[-1]
        automatic = re.compile(rf"{re.escape(logical_name)}-[0-9a-f]{{7}}")
        with explained(f"look for policies of role {role!r}"), tolerating(_MISSING):
            for name in cloud.client("iam").list_role_policies(RoleName=role)["PolicyNames"]:
                identifier = f"{role}:{name}"
                if cloud.is_known(self.token, identifier):
                    continue
                if name == inputs.get("name") or automatic.fullmatch(name):
                    return identifier
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Put the policy into its role."""
        del urn
        role, name = str(inputs["role"]), name_of(inputs)
        with explained(f"put policy {name!r} into IAM role {role!r}"):
            cloud.client("iam").put_role_policy(
                RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"]
            )
        return f"{role}:{name}"

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the policy, or None."""
        role, name = id.split(":", 1)
        with explained(f"read policy {name!r} of IAM role {role!r}"):
            try:
                found = cloud.client("iam").get_role_policy(RoleName=role, PolicyName=name)
            except ClientError as error:
                if code_of(error) == _MISSING:
                    return None
                raise
        return {
            "name": name,
            "namePrefix": inputs.get("namePrefix"),
            "policy": json_as_asked(inputs.get("policy"), document_text(found["PolicyDocument"])),
            "role": role,
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Put the new document in the old one's place."""
        del old, changed
        role, name = id.split(":", 1)
        with explained(f"update policy {name!r} of IAM role {role!r}"):
            cloud.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=new["policy"])

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Take the policy out of its role."""
        del outputs
        role, name = id.split(":", 1)
        with explained(f"delete policy {name!r} of IAM role {role!r}"), tolerating(_MISSING):
            cloud.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class RolePolicyAttachment(Handler):
    """A managed policy attached to a role; its id is `<role>/<policy ARN>`."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    force_new = dict.fromkeys(("role", "policyArn"), _ATTACHMENT_SOURCE)
    in_place = frozenset[str]()

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By role and policy."""
        del urn
        identifier = f"{inputs['role']}/{inputs['policyArn']}"
        if cloud.is_known(self.token, identifier):
            return None
        return identifier if self.read(cloud, id=identifier, inputs=inputs) else None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Attach."""
        del urn
        role, arn = str(inputs["role"]), str(inputs["policyArn"])
        with explained(f"attach {arn} to IAM role {role!r}"):
            cloud.client("iam").attach_role_policy(RoleName=role, PolicyArn=arn)
        return f"{role}/{arn}"

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return both ends, or None."""
        del inputs
        role, arn = id.split("/", 1)
        with explained(f"read policies of IAM role {role!r}"), tolerating(_MISSING):
            pages = cloud.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
            if any(policy["PolicyArn"] == arn for page in pages for policy in page["AttachedPolicies"]):
                return {"policyArn": arn, "role": role}
        return None

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Nothing can be changed in place."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Detach."""
        del outputs
        role, arn = id.split("/", 1)
        with explained(f"detach {arn} from IAM role {role!r}"), tolerating(_MISSING):
            cloud.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)
