"""The one AWS provider that every resource of a stack uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import ProviderSettings


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
