"""What rows cannot say of IAM's inline policies and instance profiles."""

from __future__ import annotations

import re

from local.resources.base import Names, Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


class RolePolicy(RowHandler):
    """`aws:iam/rolePolicy:RolePolicy`; its id is `<role>:<policy>`."""

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By the role and the logical name: an inline policy has no tags, and its name a random end."""
        automatic = re.compile(rf"{re.escape(urn.rsplit('::', 1)[-1])}-[0-9a-f]{{7}}")
        answer = self.call(cloud, "list_role_policies", absent=True, RoleName=inputs["role"])
        names = answer.get("PolicyNames", [])
        own = (name for name in names if name == inputs.get("name") or automatic.fullmatch(name))
        found = (f"{inputs['role']}:{name}" for name in own)
        return next((one for one in found if not cloud.is_known(self.token, one)), None)


class InstanceProfile(RowHandler):
    """`aws:iam/instanceProfile:InstanceProfile`, which has one role; its role leaves it first."""

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Take the old role out before another comes in."""
        if "role" in changed:
            self._without_role(cloud, id, old)
        if new.get("role") is None:
            changed = tuple(key for key in changed if key != "role")
        super().update(cloud, id=id, old=old, new=new, changed=changed)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it without its role."""
        self._without_role(cloud, id, outputs)
        super().delete(cloud, id=id, outputs=outputs)

    def _without_role(self, cloud: Cloud, name: str, outputs: Properties) -> None:
        if role := outputs.get("role"):
            arguments = {"InstanceProfileName": name, "RoleName": role}
            self.call(cloud, "remove_role_from_instance_profile", absent=True, **arguments)
