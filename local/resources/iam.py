"""What rows cannot say of IAM roles and policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from local.resources.base import Properties
from local.resources.row_handler import RowHandler

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_POLICY_VERSIONS: Final = 5
"""How many versions of a policy IAM keeps."""


class Role(RowHandler):
    """`aws:iam/role:Role`; its policies are resources of their own."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the role, and its policies first where `forceDetachPolicies` says so."""
        if outputs.get("forceDetachPolicies"):
            attached = self.call(cloud, "list_attached_role_policies", absent=True, RoleName=id)
            for policy in attached.get("AttachedPolicies", []):
                self.call(cloud, "detach_role_policy", RoleName=id, PolicyArn=policy["PolicyArn"])
            inline = self.call(cloud, "list_role_policies", absent=True, RoleName=id)
            for name in inline.get("PolicyNames", []):
                self.call(cloud, "delete_role_policy", RoleName=id, PolicyName=name)
        super().delete(cloud, id=id, outputs=outputs)


class RolePolicy(RowHandler):
    """`aws:iam/rolePolicy:RolePolicy`; its id is `<role>:<policy>`."""

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By the role and the logical name: an inline policy has no tags, and its name a random end."""
        automatic = re.compile(rf"{re.escape(urn.rsplit('::', 1)[-1])}-[0-9a-f]{{7}}")
        answer = self.call(cloud, "list_role_policies", absent=True, RoleName=inputs["role"])
        for name in answer.get("PolicyNames", []):
            identifier = f"{inputs['role']}:{name}"
            if (name == inputs.get("name") or automatic.fullmatch(name)) and not cloud.is_known(
                self.token, identifier
            ):
                return identifier
        return None


class Policy(RowHandler):
    """`aws:iam/policy:Policy` with its versions; its id is its ARN."""

    def describe(self, cloud: Cloud, identifier: str, inputs: Properties) -> dict[str, Any] | None:
        """Return it with the document of its default version."""
        policy = super().describe(cloud, identifier, inputs)
        if policy is None:
            return None
        version = self.call(
            cloud, "get_policy_version", PolicyArn=identifier, VersionId=policy["DefaultVersionId"]
        )
        return {**policy, "PolicyDocument": version["PolicyVersion"]["Document"]}

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Make a new default version, and room for it."""
        if "policy" in changed:
            versions = self._other_versions(cloud, id)
            for version in versions[: len(versions) + 2 - _POLICY_VERSIONS]:
                self.call(cloud, "delete_policy_version", PolicyArn=id, VersionId=version)
        super().update(cloud, id=id, old=old, new=new, changed=changed)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the policy and its versions."""
        for version in self._other_versions(cloud, id):
            self.call(cloud, "delete_policy_version", PolicyArn=id, VersionId=version)
        super().delete(cloud, id=id, outputs=outputs)

    def _other_versions(self, cloud: Cloud, arn: str) -> list[str]:
        """The versions that are not the default one, oldest first."""
        answer = self.call(cloud, "list_policy_versions", absent=True, PolicyArn=arn)
        others = [item["VersionId"] for item in answer.get("Versions", []) if not item["IsDefaultVersion"]]
        return sorted(others, key=lambda version: int(version[1:]))
