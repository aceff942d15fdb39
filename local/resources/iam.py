"""What rows cannot say of IAM's inline policies."""

from __future__ import annotations

import re

from local.resources.base import Properties
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
