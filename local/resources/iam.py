"""Inline policies of IAM roles."""

from __future__ import annotations

import re

from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


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
