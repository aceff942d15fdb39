"""Parameters of the Parameter Store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.resources import tags as tagging
from local.resources.aws_calls import call, explained, tolerating
from local.resources.base import Handler, Properties

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_MISSING = "ParameterNotFound"
_SOURCE = "hashicorp/aws internal/service/ssm/parameter.go: ForceNew"


class Parameter(Handler):
    """A parameter that everybody may read; its id is its name."""

    token = "aws:ssm/parameter:Parameter"
    force_new = dict.fromkeys(("name", "dataType", "region"), _SOURCE)
    in_place = frozenset({"description", "insecureValue", "tags", "type"})
    name_property = "name"
    tagged = True

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By its name, if it carries the URN's tag."""
        name = str(inputs["name"])
        tags = call(
            cloud,
            "ssm",
            "list_tags_for_resource",
            ResourceType="Parameter",
            ResourceId=name,
            absent=("InvalidResourceId", _MISSING),
        )
        mine = tagging.carries(tagging.from_pairs(tags.get("TagList")), urn)
        return name if mine and not cloud.is_known(self.token, name) else None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Put the first value."""
        name = str(inputs["name"])
        with explained(f"create parameter {name!r}", "Choose another name, or delete the one that is there"):
            cloud.client("ssm").put_parameter(
                **_arguments(inputs),
                Tags=tagging.pairs(tagging.with_urn(inputs.get("tags"), urn)),
            )
        return name

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the parameter as it is, or None."""
        found = call(cloud, "ssm", "get_parameter", Name=id, absent=(_MISSING,))
        if not found:
            return None
        listed = call(cloud, "ssm", "list_tags_for_resource", ResourceType="Parameter", ResourceId=id)
        tags = tagging.visible(tagging.from_pairs(listed["TagList"]))
        parameter = found["Parameter"]
        return {
            "arn": parameter["ARN"],
            "dataType": parameter.get("DataType", "text"),
            "description": inputs.get("description"),
            "insecureValue": parameter["Value"],
            "name": id,
            "region": cloud.region,
            "tags": tags,
            "tagsAll": tags,
            "type": parameter["Type"],
            "version": parameter["Version"],
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Put another value or description, and change the tags."""
        ssm = cloud.client("ssm")
        with explained(f"update parameter {id!r}"):
            if set(changed) - {"tags"}:
                ssm.put_parameter(**_arguments(new), Overwrite=True)
            if "tags" in changed:
                to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
                about: dict[str, Any] = {"ResourceType": "Parameter", "ResourceId": id}
                if to_set:
                    ssm.add_tags_to_resource(**about, Tags=tagging.pairs(to_set))
                if to_remove:
                    ssm.remove_tags_from_resource(**about, TagKeys=to_remove)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        with explained(f"delete parameter {id!r}"), tolerating(_MISSING):
            cloud.client("ssm").delete_parameter(Name=id)


def _arguments(inputs: Properties) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "Name": inputs["name"],
        "Value": inputs["insecureValue"],
        "Type": inputs["type"],
        "Description": inputs.get("description"),
        "DataType": inputs.get("dataType"),
    }
    return {key: value for key, value in arguments.items() if value is not None}
