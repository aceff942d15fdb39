"""Where all of it is: one account and one region, for ARNs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """An account, a region, and the project whose stacks go there."""

    partition: str
    account: str
    region: str
    project: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something regional in this account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def iam_arn(self, resource: str) -> str:
        """Return the ARN of something in this account's IAM."""
        return f"arn:{self.partition}:iam::{self.account}:{resource}"

    @property
    def iam_path(self) -> str:
        """Path of all roles and policies that are made here, by which deploy roles are kept from them."""
        return f"/{self.project}/"

    def roles_of(self, stack: str) -> str:
        """Return the ARN pattern of the roles that a stack makes: each stack has a path of its own."""
        return self.iam_arn(f"role/{self.project}-{stack}/*")

    def profiles_of(self, stack: str) -> str:
        """Return the ARN pattern of the instance profiles that a stack makes, at the path of its roles."""
        return self.iam_arn(f"instance-profile/{self.project}-{stack}/*")
