"""ECS task definitions: every change creates a revision."""

from __future__ import annotations

from typing import Any, Final

from local.docker import machine_architecture
from local.resources import container_definitions as containers
from local.resources import tags as tagging
from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

_CONFIGURED_ARCHITECTURE: Final = f"{tagging.OWN_PREFIX}configured-architecture"
"""Tag with the configured architecture, where this machine has another."""
_CONTAINERS: Final = "containerDefinitions"


class TaskDefinition(RowHandler):
    """A revision of a task definition; its id is the ARN, as the family does not identify a revision."""

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """Compare container definitions as the provider does."""
        if key == _CONTAINERS and isinstance(old, str) and isinstance(new, str):
            return containers.equivalent(old, new)
        return super().is_same(key, old, new)

    def prepare(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Validate changed container definitions.

        Raises:
            ResourceError: ECS would refuse them.
        """
        text = new.get(_CONTAINERS)
        # The state's were validated before, and AWS's model takes 40 ms to load.
        if isinstance(text, str) and text != old.get(_CONTAINERS):
            containers.validate(containers.parse(text), cloud.client("ecs").meta.service_model)
        return super().prepare(cloud, name=name, old=old, new=new)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Find the family's newest revision, if an interrupted run created it with these inputs.

        Older ones may have the same URN: with `skipDestroy` they are kept when they are replaced.
        """
        family = str(inputs["family"])
        listed = self.call(cloud, "list_task_definitions", familyPrefix=family, sort="DESC")[
            "taskDefinitionArns"
        ]
        # The prefix also matches longer family names.
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
        """Register a revision for this machine's processor."""
        platform: Properties = dict(inputs.get("runtimePlatform") or {})
        configured, own = platform.get("cpuArchitecture"), machine_architecture()
        tags: Properties = dict(inputs.get("tags") or {})
        if configured and configured != own:
            # Docker would run the containers under emulation, or not at all.
            platform["cpuArchitecture"] = own
            tags[_CONFIGURED_ARCHITECTURE] = configured
            cloud.report(urn, f"runs on {own}, this machine's processor, instead of {configured}")
        adapted = {
            _CONTAINERS: containers.parse(inputs[_CONTAINERS]),
            "runtimePlatform": platform or None,
            "tags": tags,
        }
        return super().create(cloud, urn=urn, inputs={**inputs, **adapted})

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return them as ECS on AWS would."""
        architecture = tagging.from_pairs(item["tags"]).get(_CONFIGURED_ARCHITECTURE)
        if architecture:
            item["runtimePlatform"]["cpuArchitecture"] = architecture
        return {
            **super().outputs(cloud, identifier, item, inputs),
            "arnWithoutRevision": identifier.rpartition(":")[0],
            _CONTAINERS: containers.answer(item[_CONTAINERS], network_mode=item["networkMode"]),
        }
