"""ECS task definitions: every change is a new revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from local.containers import machine_architecture
from local.resources import container_definitions as containers
from local.resources import tags as tagging
from local.resources.aws_calls import call, explained
from local.resources.base import Diff, Handler, Properties
from local.resources.ecs import retag
from local.resources.shape import as_asked

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_SOURCE = "hashicorp/aws internal/service/ecs/task_definition.go: ForceNew"
_ASKED_ARCHITECTURE: Final = f"{tagging.OWN_PREFIX}asked-architecture"
"""Tag with the architecture that the program asked for, where this machine has another."""
_CONTAINERS: Final = "containerDefinitions"
_PLAIN: Final = (
    "cpu", "memory", "executionRoleArn", "taskRoleArn", "family", "ipcMode", "networkMode", "pidMode",
    "enableFaultInjection", "requiresCompatibilities", "placementConstraints",
)  # fmt: skip
"""Properties that ECS calls and writes as the provider does."""


class TaskDefinition(Handler):
    """A revision of a task definition; its id is the revision's ARN.

    The provider's id is the family, from which no `read` could tell which revision is meant.
    """

    token = "aws:ecs/taskDefinition:TaskDefinition"
    force_new = dict.fromkeys(
        (*_PLAIN, _CONTAINERS, "ephemeralStorage", "runtimePlatform", "volumes", "region"), _SOURCE
    )
    in_place = frozenset({"tags"})
    settled_at_creation = frozenset({"skipDestroy", "trackLatest"})
    compared_with_outputs = frozenset({_CONTAINERS})
    tagged = True

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Container definitions are compared as the provider does, here as in awsvpc mode."""
        if key == _CONTAINERS and isinstance(old, str) and isinstance(new, str):
            return containers.equivalent(old, new, awsvpc=True)
        return super().same(key, old, new)

    def diff(self, old: Properties, new: Properties) -> Diff:
        """Outside of awsvpc mode, a host port that is left out is not the container's."""
        difference = super().diff(old, new)
        texts = (old.get(_CONTAINERS), new.get(_CONTAINERS))
        if _is_awsvpc(new) or not all(isinstance(text, str) for text in texts):
            return difference
        if containers.equivalent(*cast("tuple[str, str]", texts), awsvpc=False):
            return difference
        add = {_CONTAINERS}
        return Diff(
            changed=tuple(sorted(add.union(difference.changed))),
            replace=tuple(sorted(add.union(difference.replace))),
        )

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Refuse container definitions that ECS would refuse for their form."""
        checked = super().check(cloud, name=name, old=old, new=new, random_hex=random_hex)
        text = checked.get(_CONTAINERS)
        # What is in the state was checked; the model costs 40 ms.
        if isinstance(text, str) and text != (old or {}).get(_CONTAINERS):
            containers.validate(containers.parse(text), cloud.client("ecs").meta.service_model)
        return checked

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """The family's newest revision, if an interrupted run made just this one.

        Older ones may carry the same URN: with `skipDestroy` they stay when they are replaced.
        """
        family = str(inputs["family"])
        with explained(f"look for revisions of task definition {family!r}"):
            pages = cloud.client("ecs").get_paginator("list_task_definitions").paginate(familyPrefix=family)
            arns = [str(arn) for page in pages for arn in page["taskDefinitionArns"]]
        # The prefix finds families whose names only begin alike, too.
        own = [arn for arn in arns if arn.rpartition("/")[2].rpartition(":")[0] == family]
        newest = max(own, key=lambda arn: int(arn.rpartition(":")[2]), default=None)
        if newest is None or cloud.is_known(self.token, newest):
            return None
        described = _describe(cloud, newest)
        if not tagging.carries(tagging.from_pairs(described.get("tags")), urn):
            return None
        live = self.read(cloud, id=newest, inputs=inputs) or {}
        return None if self.diff({key: live.get(key) for key in inputs}, inputs).replace else newest

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Register a revision, for the processor that this machine has."""
        tags = tagging.with_urn(inputs.get("tags"), urn)
        arguments: dict[str, Any] = {key: inputs[key] for key in _PLAIN if inputs.get(key)}
        if inputs.get("ephemeralStorage"):
            arguments["ephemeralStorage"] = {"sizeInGiB": inputs["ephemeralStorage"]["sizeInGib"]}
        if inputs.get("volumes"):
            arguments["volumes"] = [_volume(volume) for volume in inputs["volumes"]]
        platform = dict(cast("Properties", inputs.get("runtimePlatform") or {}))
        asked, own = platform.get("cpuArchitecture"), machine_architecture()
        if asked and asked != own:
            # The emulator would start the containers under emulation, or not at all.
            platform["cpuArchitecture"] = own
            tags[_ASKED_ARCHITECTURE] = str(asked)
            cloud.report(urn, f"runs on {own}, which this machine has, instead of {asked}")
        if platform:
            arguments["runtimePlatform"] = platform
        with explained(f"register task definition {inputs['family']!r}"):
            registered = cloud.client("ecs").register_task_definition(
                containerDefinitions=containers.parse(inputs[_CONTAINERS]),
                tags=tagging.pairs(tags, lower=True),
                **arguments,
            )
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the revision as ECS on AWS would answer it, or None when it was deregistered."""
        found = _describe(cloud, id)
        live: Properties = found.get("taskDefinition", {})
        if live.get("status") != "ACTIVE":
            return None
        own_tags = tagging.from_pairs(found.get("tags"))
        tags = tagging.visible(own_tags)
        platform = dict(live.get("runtimePlatform") or {})
        if _ASKED_ARCHITECTURE in own_tags:
            platform["cpuArchitecture"] = own_tags[_ASKED_ARCHITECTURE]
        storage = live.get("ephemeralStorage")
        return {
            **{key: as_asked(inputs.get(key), live.get(key) or None) for key in _PLAIN},
            "arn": live["taskDefinitionArn"],
            "arnWithoutRevision": str(live["taskDefinitionArn"]).rpartition(":")[0],
            _CONTAINERS: containers.answer(live[_CONTAINERS], awsvpc=_is_awsvpc(live)),
            "ephemeralStorage": {"sizeInGib": storage["sizeInGiB"]} if storage else None,
            "region": cloud.region,
            "revision": live["revision"],
            "runtimePlatform": platform or None,
            "skipDestroy": bool(inputs.get("skipDestroy", False)),
            "tags": tags,
            "tagsAll": tags,
            "trackLatest": bool(inputs.get("trackLatest", False)),
            "volumes": as_asked(
                inputs.get("volumes"), [_volume_read(item) for item in live.get("volumes", [])]
            ),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change the tags."""
        if "tags" in changed:
            with explained(f"tag task definition {id}"):
                retag(cloud, id, old, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Deregister the revision, unless `skipDestroy` keeps it for a rollback."""
        if not outputs.get("skipDestroy"):
            call(cloud, "ecs", "deregister_task_definition", absent=("ClientException",), taskDefinition=id)


def _describe(cloud: Cloud, arn: str) -> Properties:
    return call(
        cloud,
        "ecs",
        "describe_task_definition",
        absent=("ClientException",),
        taskDefinition=arn,
        include=["TAGS"],
    )


def _is_awsvpc(properties: Properties) -> bool:
    return properties.get("networkMode") == "awsvpc"


def _volume(asked: Properties) -> Properties:
    volume = {key: value for key, value in asked.items() if value is not None}
    if "hostPath" in volume:
        volume["host"] = {"sourcePath": volume.pop("hostPath")}
    if "configureAtLaunch" in volume:
        volume["configuredAtLaunch"] = volume.pop("configureAtLaunch")
    return volume


def _volume_read(live: Properties) -> Properties:
    volume = {key: value for key, value in live.items() if key not in {"host", "configuredAtLaunch"}}
    source = cast("Properties", live.get("host") or {}).get("sourcePath")
    if source:
        volume["hostPath"] = source
    if live.get("configuredAtLaunch"):
        volume["configureAtLaunch"] = True
    return volume
