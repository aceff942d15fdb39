"""What ECS's own handlers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.resources import tags as tagging
from local.resources.base import Properties

if TYPE_CHECKING:
    from local.resources.cloud import Cloud


def retag(cloud: Cloud, arn: str, old: Properties, new: Properties) -> None:
    """Bring the tags of an ECS resource from `old` to `new`."""
    ecs = cloud.client("ecs")
    to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
    if to_set:
        ecs.tag_resource(resourceArn=arn, tags=tagging.pairs(to_set, lower=True))
    if to_remove:
        ecs.untag_resource(resourceArn=arn, tagKeys=to_remove)
