"""The stack's account and region, and the one function that makes roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import ProviderSettings

Statement = Mapping[str, Any]
"""A part of a policy."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account and region that a stack is in, for policies."""

    partition: pulumi.Input[str]
    region: str
    id: pulumi.Input[str]
    role_path: str
    """Path of the stack's roles, by which the account tells the roles of its stacks apart."""
    permissions_boundary: str | None
    """Policy that no role made here may exceed, by ARN."""

    @classmethod
    def of(cls, settings: ProviderSettings, *, parent: pulumi.Resource) -> Account:
        """Return the account that a component's provider works in."""
        options = pulumi.InvokeOptions(parent=parent)
        return cls(
            partition=aws.get_partition_output(opts=options).partition,
            region=settings.region,
            id=aws.get_caller_identity_output(opts=options).account_id,
            # As bootstrap/account/place.py has it.
            role_path=f"/{settings.tags['Project']}-{settings.tags['Stack']}/",
            permissions_boundary=settings.permissions_boundary,
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
        """Return a new role; none is made elsewhere, so that none goes without the boundary.

        Args:
            name: its logical name.
            description: whose it is and what for.
            service: the one that may assume it.
            condition: on which.
            parent: the component that it belongs to.
        """
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        return aws.iam.Role(
            name,
            path=self.role_path,
            description=description,
            assume_role_policy=_document([{**trust, "Condition": condition} if condition else trust]),
            permissions_boundary=self.permissions_boundary,
            opts=pulumi.ResourceOptions(parent=parent),
        )


def allow(sid: str, actions: str | Sequence[str], resources: Any) -> Statement:
    """Return a statement that allows actions."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def grant(
    name: str, role: aws.iam.Role, statements: Iterable[Statement], *, parent: pulumi.Resource
) -> aws.iam.RolePolicy:
    """Let a role do what statements say."""
    return aws.iam.RolePolicy(
        name,
        role=role.name,
        policy=_document(statements),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _document(statements: Iterable[Statement]) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def aws_provider(settings: ProviderSettings) -> aws.Provider:
    """Return a provider for one account and region, which tags whatever it makes.

    Pulumi.yaml turns the default AWS provider off: a resource that misses this one fails, instead of landing
    in another account or without its tags.
    """
    return aws.Provider(
        "aws",
        region=settings.region,
        profile=settings.profile,
        # Not as plain dictionaries: to a provider these go as JSON, in which the SDK would leave `role_arn`
        # as it is, and AWS would be asked without the role.
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=settings.assume_role_arn)]
        if settings.assume_role_arn
        else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(settings.tags)),
    )
