"""What the load balancing types share: tags by ARN, found by tag, and attributes as text by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Handler, Properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.resources.cloud import Cloud

_TAGS_AT_ONCE = 20
"""How many ARNs DescribeTags takes."""


@dataclass(frozen=True)
class Attribute:
    """One of the settings that AWS keeps as text by name."""

    key: str
    default: bool | int | str
    """What AWS has when nobody sets it; its type is the property's."""

    def text(self, value: Any) -> str:
        """Return a property's value (None for the default) as AWS wants it."""
        chosen = self.default if value is None else value
        return str(chosen).lower() if isinstance(chosen, bool) else str(chosen)

    def value(self, text: str | None) -> bool | int | str:
        """Return a property's value from what AWS tells."""
        if text is None:
            return self.default
        if isinstance(self.default, bool):
            return text == "true"
        return int(text) if isinstance(self.default, int) else text


def attribute_pairs(
    table: Mapping[str, Attribute], inputs: Properties, names: Sequence[str]
) -> list[dict[str, str]]:
    """Return the attributes among `names` as AWS takes them."""
    return [
        {"Key": attribute.key, "Value": attribute.text(inputs.get(name))}
        for name, attribute in table.items()
        if name in names
    ]


def attribute_outputs(table: Mapping[str, Attribute], pairs: Sequence[Mapping[str, str]]) -> Properties:
    """Return all properties of `table` from what AWS tells."""
    told = {pair["Key"]: pair["Value"] for pair in pairs}
    return {name: attribute.value(told.get(attribute.key)) for name, attribute in table.items()}


class Elbv2Resource(Handler):
    """A load balancing resource: its id is its ARN, and its tags are asked for apart."""

    tagged = True
    describe: ClassVar[str]
    """Operation that lists them, such as `describe_listeners`."""
    arns: ClassVar[str]
    """Its argument for ARNs, such as `ListenerArns`."""
    listed: ClassVar[str]
    """Where its answer holds them, such as `Listeners`."""
    key: ClassVar[str]
    """Where each holds its ARN, such as `ListenerArn`."""
    absent: ClassVar[tuple[str, ...]]
    """Error codes that say there is none."""

    def siblings(self, inputs: Properties) -> dict[str, Any]:
        """Return the describe arguments that narrow down where an interrupted run's one can be."""
        del inputs
        return {}

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Return the ARN of what carries this URN as a tag and is not in the state."""
        answer = call(cloud, "elbv2", self.describe, absent=self.absent, **self.siblings(inputs))
        candidates = [
            item[self.key]
            for item in answer.get(self.listed, [])
            if not item.get("IsDefault") and not cloud.is_known(self.token, item[self.key])
        ]
        for start in range(0, len(candidates), _TAGS_AT_ONCE):
            for arn, tags in self._tags(cloud, candidates[start : start + _TAGS_AT_ONCE]).items():
                if tagging.carries(tags, urn):
                    return arn
        return None

    def one(self, cloud: Cloud, arn: str) -> dict[str, Any] | None:
        """Return what AWS tells about it, None when it is gone."""
        answer = call(cloud, "elbv2", self.describe, absent=self.absent, **{self.arns: [arn]})
        items = answer.get(self.listed, [])
        return items[0] if items else None

    def tag_argument(self, urn: str, inputs: Properties) -> list[dict[str, str]]:
        """Return the tags that it is made with."""
        return tagging.pairs(tagging.with_urn(inputs.get("tags"), urn))

    def tag_outputs(self, cloud: Cloud, arn: str) -> Properties:
        """Return `tags` and `tagsAll` without our own."""
        tags = tagging.visible(self._tags(cloud, [arn]).get(arn, {}))
        return {"tags": tags, "tagsAll": tags}

    def retag(self, cloud: Cloud, arn: str, *, old: Properties, new: Properties) -> None:
        """Bring the tags from `old` to `new`."""
        to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
        if to_set:
            call(cloud, "elbv2", "add_tags", ResourceArns=[arn], Tags=tagging.pairs(to_set))
        if to_remove:
            call(cloud, "elbv2", "remove_tags", ResourceArns=[arn], TagKeys=to_remove)

    def _tags(self, cloud: Cloud, arns: Sequence[str]) -> dict[str, dict[str, str]]:
        answer = call(cloud, "elbv2", "describe_tags", absent=self.absent, ResourceArns=list(arns))
        return {
            item["ResourceArn"]: tagging.from_pairs(item["Tags"])
            for item in answer.get("TagDescriptions", [])
        }
