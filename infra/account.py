"""The stack's AWS account and provider, and all IAM roles and policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import ProviderSettings

Statement = Mapping[str, Any]
"""A statement of an IAM policy."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account and region of a stack; creates its roles, so that each has the path and the boundary."""

    partition: pulumi.Input[str]
    region: str
    id: pulumi.Input[str]
    role_path: str
    """Path of the stack's roles; the account's deploy roles are limited to it."""
    permissions_boundary: str | None
    """ARN of the policy that limits every role of the stack."""

    @classmethod
    def of(cls, settings: ProviderSettings, *, parent: pulumi.Resource) -> Account:
        """Return the account of a component's provider."""
        options = pulumi.InvokeOptions(parent=parent)
        return cls(
            partition=aws.get_partition_output(opts=options).partition,
            region=settings.region,
            id=aws.get_caller_identity_output(opts=options).account_id,
            # The same as in bootstrap/account/account.py.
            role_path=f"/{settings.tags['Project']}-{settings.tags['Stack']}/",
            permissions_boundary=settings.permissions_boundary,
        )

    def arn(self, service: str, resource: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return the ARN of a resource in this account and region."""
        return pulumi.Output.format(
            "arn:{}:{}:{}:{}:{}", self.partition, service, self.region, self.id, resource
        )

    def make_role(
        self,
        name: str,
        *,
        description: str,
        service: str,
        condition: Mapping[str, Any] | None = None,
        parent: pulumi.Resource,
    ) -> aws.iam.Role:
        """Create a role.

        Args:
            name: logical name.
            description: shown in the IAM console.
            service: the AWS service that may assume it.
            condition: of the trust policy.
            parent: the component that it belongs to.
        """
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        return aws.iam.Role(
            name,
            path=self.role_path,
            description=description,
            assume_role_policy=policy_document([{**trust, "Condition": condition} if condition else trust]),
            permissions_boundary=self.permissions_boundary,
            opts=pulumi.ResourceOptions(parent=parent),
        )

    def attach_aws_policy(
        self, name: str, role: aws.iam.Role, policy: str, *, parent: pulumi.Resource
    ) -> aws.iam.RolePolicyAttachment:
        """Attach a policy that AWS manages, by its name with its path."""
        return aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=pulumi.Output.format("arn:{}:iam::aws:policy/{}", self.partition, policy),
            opts=pulumi.ResourceOptions(parent=parent),
        )


def allow(sid: str, actions: str | Sequence[str], resources: Any) -> Statement:
    """Return a statement that allows actions."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def grant(
    name: str, role: aws.iam.Role, statements: Iterable[Statement], *, parent: pulumi.Resource
) -> aws.iam.RolePolicy:
    """Give a role an inline policy."""
    return aws.iam.RolePolicy(
        name,
        role=role.name,
        policy=policy_document(statements),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def policy_document(statements: Iterable[Statement]) -> pulumi.Output[str]:
    """Return the JSON text of a policy."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def aws_provider(settings: ProviderSettings) -> aws.Provider:
    """Return a provider for one account and region, with default tags.

    Pulumi.yaml disables the default AWS provider: a resource without this one fails, instead of being created
    in another account or without tags.
    """
    return aws.Provider(
        "aws",
        region=settings.region,
        profile=settings.profile,
        # Typed arguments: provider inputs are sent as JSON, in which the SDK does not translate the keys of
        # plain dictionaries, so `role_arn` would be ignored.
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=settings.assume_role_arn)]
        if settings.assume_role_arn
        else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(settings.tags)),
    )
