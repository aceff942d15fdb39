"""The image repository of all stacks, by which a stack deploys the image that another one has tested."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from account.resource_policies import replication_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from account.account import Account
    from account.settings import Settings

_LIVE: Final = "live-"
"""Prefix of tags whose images never expire."""
_DAYS_OF_UNTAGGED: Final = 14
_MORE_THAN_ANY_REPOSITORY_HAS: Final = 10_000


class Images(pulumi.ComponentResource):
    """A repository with immutable tags, which scans every push and keeps the images that stacks run."""

    repository_arn: str | None

    def __init__(
        self, name: str, settings: Settings, account: Account, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs-bootstrap:account:Images", name, None, opts)

        self.repository_arn = None
        if settings.image_repository is not None:
            self.repository_arn = account.arn("ecr", f"repository/{settings.image_repository}")
            self._repository(name, settings.image_repository, settings)
            if settings.images_from_account is not None:
                aws.ecr.RegistryPolicy(
                    name,
                    policy=json.dumps(
                        replication_policy(account, settings.images_from_account, settings.image_repository)
                    ),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            if settings.trusted_accounts:
                self._replicate(name, settings.image_repository, settings.trusted_accounts, account.region)
        self.register_outputs({"repository_arn": self.repository_arn})

    def _repository(self, name: str, repository_name: str, settings: Settings) -> None:
        repository = aws.ecr.Repository(
            name,
            # A fixed name, which stacks have as `repository`.
            name=repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            # With ECR's AWS managed key. A change would replace the repository: an older one keeps its
            # encryption.
            encryption_configurations=[{"encryption_type": "KMS"}],
            opts=pulumi.ResourceOptions(
                parent=self, protect=True, ignore_changes=["encryptionConfigurations"]
            ),
        )
        aws.ecr.LifecyclePolicy(
            name,
            repository=repository.name,
            policy=json.dumps({"rules": lifecycle(settings.expire_images_after_days)}),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _replicate(self, name: str, repository_name: str, accounts: Sequence[str], region: str) -> None:
        aws.ecr.ReplicationConfiguration(
            name,
            replication_configuration={
                "rules": [
                    {
                        "destinations": [{"region": region, "registry_id": account} for account in accounts],
                        "repository_filters": [{"filter": repository_name, "filter_type": "PREFIX_MATCH"}],
                    }
                ]
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def lifecycle(expire_after_days: int) -> list[dict[str, Any]]:
    """Return the lifecycle rules; without an age no image with a tag expires.

    ECR does not know which images run. But an image that a rule selects by its tags cannot be expired by a
    later rule: a rule for live images that expires none protects them from the rules after it.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    """
    # Images without a tag are from interrupted pushes.
    rules = [_expire("Without a tag", _DAYS_OF_UNTAGGED, {"tagStatus": "untagged"})]
    if expire_after_days:
        rules += [
            {
                "description": "Images that a stack runs or may roll back to",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": [f"{_LIVE}*"],
                    "countType": "imageCountMoreThan",
                    "countNumber": _MORE_THAN_ANY_REPOSITORY_HAS,
                },
                "action": {"type": "expire"},
            },
            _expire("Older images without a live tag", expire_after_days, {"tagStatus": "any"}),
        ]
    return [{"rulePriority": priority, **rule} for priority, rule in enumerate(rules, 1)]


def _expire(description: str, days: int, selection: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "selection": {**selection, "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days},
        "action": {"type": "expire"},
    }
