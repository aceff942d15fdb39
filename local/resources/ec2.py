"""What EC2's resource types share: described by id, found and changed by tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import URN_TAG, Handler, Properties, urn_tag_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.resources.cloud import Cloud


class Ec2Resource(Handler):
    """A tagged EC2 resource with one describe operation."""

    tagged = True
    describe: ClassVar[str]
    """Operation that lists them, such as `describe_vpcs`."""
    ids: ClassVar[str]
    """Its argument for ids, such as `VpcIds`."""
    filters: ClassVar[str] = "Filters"
    """Its argument for filters."""
    listed: ClassVar[str]
    """Where its answer holds them, such as `Vpcs`."""
    key: ClassVar[str]
    """Where each holds its id, such as `VpcId`."""
    absent: ClassVar[str]
    """Error code that says there is none."""
    tag_type: ClassVar[str]
    """EC2's word for the type, in tag specifications and ARNs."""

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Return the id of what carries this URN as a tag and is not in the state."""
        del inputs
        wanted: dict[str, Any] = {self.filters: [{"Name": f"tag:{URN_TAG}", "Values": [urn_tag_value(urn)]}]}
        answer = call(cloud, "ec2", self.describe, **wanted)
        for item in answer[self.listed]:
            # MiniStack ignores filters on addresses, so the tag is looked at again.
            if (
                self.is_there(item)
                and tagging.carries(tagging.from_pairs(item.get("Tags")), urn)
                and not cloud.is_known(self.token, item[self.key])
            ):
                return str(item[self.key])
        return None

    def is_there(self, item: Mapping[str, Any]) -> bool:
        """Whether what describe lists still exists."""
        del item
        return True

    def one(self, cloud: Cloud, identifier: str) -> dict[str, Any] | None:
        """Return what AWS tells about it, None when it is gone."""
        answer = call(cloud, "ec2", self.describe, absent=(self.absent,), **{self.ids: [identifier]})
        items = [item for item in answer.get(self.listed, []) if self.is_there(item)]
        return items[0] if items else None

    def tag_specifications(self, urn: str, inputs: Properties) -> list[dict[str, Any]]:
        """Return the argument that tags it as it is made."""
        tags = tagging.pairs(tagging.with_urn(inputs.get("tags"), urn))
        return [{"ResourceType": self.tag_type, "Tags": tags}]

    def tag_outputs(self, item: Mapping[str, Any]) -> Properties:
        """Return `tags` and `tagsAll` without our own."""
        tags = tagging.visible(tagging.from_pairs(item.get("Tags")))
        return {"tags": tags, "tagsAll": tags}

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change its tags, which for most types is all that can be changed."""
        del changed
        self.retag(cloud, id, old=old, new=new)

    def retag(self, cloud: Cloud, identifier: str, *, old: Properties, new: Properties) -> None:
        """Bring the tags from `old` to `new`."""
        to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
        if to_set:
            call(cloud, "ec2", "create_tags", Resources=[identifier], Tags=tagging.pairs(to_set))
        if to_remove:
            gone = [{"Key": key} for key in to_remove]
            call(cloud, "ec2", "delete_tags", Resources=[identifier], Tags=gone)

    def arn(self, cloud: Cloud, owner: str, identifier: str) -> str:
        """Return its ARN."""
        return f"arn:aws:ec2:{cloud.region}:{owner}:{self.tag_type}/{identifier}"
