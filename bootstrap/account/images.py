"""The image repository that stacks share, so that what one stack ran is what the next one gets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from account.resource_policies import replication_policy

if TYPE_CHECKING:
    from account.place import Place
    from account.settings import Settings

_LIVE: Final = "live-"
"""How tags begin that keep an image for ever."""
_DAYS_OF_UNTAGGED: Final = 14
_MORE_THAN_THERE_ARE: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class ImagesArgs:
    """What :class:`Images` needs to know."""

    settings: Settings
    place: Place


class Images(pulumi.ComponentResource):
    """A repository whose tags never move, that scans every push, and forgets nothing that some stack runs."""

    repository_arn: str | None

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs-bootstrap:account:Images", name, None, opts)
        settings, place = args.settings, args.place

        self.repository_arn = None
        if settings.image_repository is not None:
            self.repository_arn = place.arn("ecr", f"repository/{settings.image_repository}")
            self._repository(name, settings.image_repository, settings)
            if settings.images_from_account is not None:
                aws.ecr.RegistryPolicy(
                    name,
                    policy=json.dumps(
                        replication_policy(place, settings.images_from_account, settings.image_repository)
                    ),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            if settings.trusted_accounts:
                self._copies(name, settings.image_repository, args)
        self.register_outputs({"repository_arn": self.repository_arn})

    def _repository(self, name: str, repository_name: str, settings: Settings) -> None:
        repository = aws.ecr.Repository(
            name,
            # By name: `repository` of each stack says it.
            name=repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            # With the key that AWS keeps for ECR. AWS changes no repository's encryption: an older one stays.
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

    def _copies(self, name: str, repository_name: str, args: ImagesArgs) -> None:
        aws.ecr.ReplicationConfiguration(
            name,
            replication_configuration={
                "rules": [
                    {
                        "destinations": [
                            {"region": args.place.region, "registry_id": account}
                            for account in args.settings.trusted_accounts
                        ],
                        "repository_filters": [{"filter": repository_name, "filter_type": "PREFIX_MATCH"}],
                    },
                ],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def lifecycle(expire_after_days: int) -> list[dict[str, Any]]:
    """Return the rules by which images expire.

    ECR does not know what runs. But what one rule selects by its tags no later rule can expire: a rule for
    live images that never comes to expire any keeps them from the rules behind it. Without an age no image
    with a tag expires. https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    """
    rules = [
        # A push gives every image a tag; what has none is what was left of one that was cut off.
        _expire("Without a tag", _DAYS_OF_UNTAGGED, {"tagStatus": "untagged"}),
    ]
    if expire_after_days:
        rules += [
            {
                "description": "Some stack runs it, or may go back to it",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": [f"{_LIVE}*"],
                    "countType": "imageCountMoreThan",
                    "countNumber": _MORE_THAN_THERE_ARE,
                },
                "action": {"type": "expire"},
            },
            _expire("Of age, and not live", expire_after_days, {"tagStatus": "any"}),
        ]
    return [{"rulePriority": priority, **rule} for priority, rule in enumerate(rules, 1)]


def _expire(description: str, days: int, selection: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "selection": {
            **selection,
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": days,
        },
        "action": {"type": "expire"},
    }
