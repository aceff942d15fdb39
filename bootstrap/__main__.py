"""What `pulumi up` in this folder makes, once for each AWS account."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from account.access import Access, AccessArgs
from account.images import Images, ImagesArgs
from account.place import Place
from account.settings import Settings
from account.state import State, StateArgs
from account.telling import Telling, TellingArgs

settings = Settings.load()
provider = aws.Provider(
    "aws",
    region=settings.region,
    # No `Stack`: the deploy roles are kept from what carries another stack's, and all of them use this.
    default_tags=aws.ProviderDefaultTagsArgs(tags={"Project": settings.project, "ManagedBy": "pulumi"}),
)
asked = pulumi.InvokeOptions(provider=provider)
place = Place(
    partition=aws.get_partition(opts=asked).partition,
    account=aws.get_caller_identity(opts=asked).account_id,
    region=settings.region,
    project=settings.project,
)
options = pulumi.ResourceOptions(providers=[provider])
state = State("state", StateArgs(settings=settings, place=place), opts=options)
images = Images("images", ImagesArgs(settings=settings, place=place), opts=options)
access = Access(
    "access",
    AccessArgs(settings=settings, place=place, state=state, repository_arn=images.repository_arn),
    opts=options,
)
telling = Telling(
    "telling",
    TellingArgs(
        settings=settings,
        place=place,
        # Another account logs who asks for its own bucket.
        state_bucket=None if settings.state_bucket else state.bucket,
    ),
    # A bucket has to be there before its requests are logged.
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
pulumi.export("stack_keys", telling.keys)
