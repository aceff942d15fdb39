"""The AWS account and region, and ARNs in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account, a region, and the project whose stacks are deployed there."""

    partition: str
    id: str
    region: str
    project: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a regional resource in this account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.id}:{resource}"

    def iam_arn(self, resource: str) -> str:
        """Return the ARN of an IAM resource in this account."""
        return f"arn:{self.partition}:iam::{self.id}:{resource}"

    def bucket_arn(self, bucket: str) -> str:
        """Return the ARN of a bucket."""
        return f"arn:{self.partition}:s3:::{bucket}"

    @property
    def iam_path(self) -> str:
        """Path of all roles and policies of bootstrap, which deploy roles cannot change."""
        return f"/{self.project}/"

    def stack_roles(self, stack: str) -> str:
        """Return the ARN pattern of the roles of a stack, which has its own path."""
        return self.iam_arn(f"role/{self.project}-{stack}/*")

    def stack_profiles(self, stack: str) -> str:
        """Return the ARN pattern of the instance profiles of a stack, which have the path of its roles."""
        return self.iam_arn(f"instance-profile/{self.project}-{stack}/*")
