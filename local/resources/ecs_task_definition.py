"""ECS task definitions: every change is a new revision."""

from __future__ import annotations

from typing import Any, Final

from local.docker import machine_architecture
from local.resources import container_definitions as containers
from local.resources import tags as tagging
from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

_ASKED_ARCHITECTURE: Final = f"{tagging.OWN_PREFIX}asked-architecture"
"""Tag with the architecture that the program asked for, where this machine has another."""
_CONTAINERS: Final = "containerDefinitions"


class TaskDefinition(RowHandler):
    """A revision of a task definition; its id is the revision's ARN.

    The provider's id is the family, from which no `read` could tell which revision is meant.
    """

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Container definitions are compared as the provider does."""
        if key == _CONTAINERS and isinstance(old, str) and isinstance(new, str):
            return containers.equivalent(old, new)
        return super().same(key, old, new)

    def fill(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Refuse what ECS would refuse for its form.

        Raises:
            ResourceError: it names what is wrong.
        """
        text = new.get(_CONTAINERS)
        # What is in the state was checked; AWS's model takes 40 ms to load.
        if isinstance(text, str) and text != old.get(_CONTAINERS):
            containers.validate(containers.parse(text), cloud.client("ecs").meta.service_model)
        return super().fill(cloud, name=name, old=old, new=new)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """The family's newest revision, if an interrupted run made just this one.

        Older ones may carry the same URN: with `skipDestroy` they stay when they are replaced.
        """
        family = str(inputs["family"])
        listed = self.call(cloud, "list_task_definitions", familyPrefix=family, sort="DESC")[
            "taskDefinitionArns"
        ]
        # The prefix finds families whose names only begin alike, too.
        own = (arn for arn in listed if arn.rpartition("/")[2].rpartition(":")[0] == family)
        newest: str | None = next(own, None)
        item = (
            None
            if newest is None or cloud.is_known(self.token, newest)
            else self.describe(cloud, newest, inputs)
        )
        if newest is None or item is None or not tagging.carries(tagging.from_pairs(item["tags"]), urn):
            return None
        live = self.outputs(cloud, newest, item, inputs)
        return None if self.diff({key: live.get(key) for key in inputs}, inputs).replace else newest

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Register a revision, for the processor that this machine has."""
        platform: Properties = dict(inputs.get("runtimePlatform") or {})
        asked, own = platform.get("cpuArchitecture"), machine_architecture()
        tags: Properties = dict(inputs.get("tags") or {})
        if asked and asked != own:
            # The emulator would start the containers under emulation, or not at all.
            platform["cpuArchitecture"] = own
            tags[_ASKED_ARCHITECTURE] = asked
            cloud.report(urn, f"runs on {own}, which this machine has, instead of {asked}")
        here = {
            _CONTAINERS: containers.parse(inputs[_CONTAINERS]),
            "runtimePlatform": platform or None,
            "tags": tags,
        }
        return super().create(cloud, urn=urn, inputs={**inputs, **here})

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return what ECS on AWS would answer."""
        architecture = tagging.from_pairs(item["tags"]).get(_ASKED_ARCHITECTURE)
        if architecture:
            item["runtimePlatform"]["cpuArchitecture"] = architecture
        return {
            **super().outputs(cloud, identifier, item, inputs),
            "arnWithoutRevision": identifier.rpartition(":")[0],
            _CONTAINERS: containers.answer(item[_CONTAINERS], network_mode=item["networkMode"]),
        }
