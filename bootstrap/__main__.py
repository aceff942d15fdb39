"""The resources that an AWS account needs once, before stacks are deployed there."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from account.access import Access
from account.account import Account
from account.images import Images
from account.observability import Observability
from account.settings import Settings
from account.state import State

settings = Settings.load()
provider = aws.Provider(
    "aws",
    region=settings.region,
    # No `Stack`: deploy roles cannot access resources with another stack's tag, and all of them use these.
    default_tags=aws.ProviderDefaultTagsArgs(tags={"Project": settings.project, "ManagedBy": "pulumi"}),
)
invoke_options = pulumi.InvokeOptions(provider=provider)
account = Account(
    partition=aws.get_partition(opts=invoke_options).partition,
    id=aws.get_caller_identity(opts=invoke_options).account_id,
    region=settings.region,
    project=settings.project,
)
options = pulumi.ResourceOptions(providers=[provider])
state = State("state", settings, account, opts=options)
images = Images("images", settings, account, opts=options)
access = Access("access", settings, account, state=state, repository_arn=images.repository_arn, opts=options)
observability = Observability(
    "observability",
    settings,
    account,
    # Another account logs the requests for its own bucket.
    state_bucket=None if settings.state_bucket else state.bucket,
    # The state bucket has to exist before its requests are logged.
    opts=pulumi.ResourceOptions(providers=[provider], depends_on=[state]),
)

pulumi.export("backend_url", state.backend_url)
pulumi.export("secrets_provider", state.secrets_provider)
pulumi.export("state_bucket", state.bucket)
pulumi.export("state_key_arn", state.key_arn)
pulumi.export("repository", settings.image_repository or "")
pulumi.export("deploy_role_arns", access.deploy_role_arns)
pulumi.export("preview_role_arn", access.preview_role_arn)
pulumi.export("tasks_boundary_arns", access.tasks_boundary_arns)
pulumi.export("stack_keys", observability.stack_keys)
