"""ECS task definitions: every change is a new revision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from local.docker import machine_architecture
from local.resources import tags as tagging
from local.resources.base import Properties, ResourceError
from local.resources.ecs import retag
from local.resources.emulated import EmulatedResource
from local.resources.errors import code_of, explained
from local.resources.shape import as_asked, without_empty

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_SOURCE = "hashicorp/aws internal/service/ecs/task_definition.go: ForceNew"
_ASKED_ARCHITECTURE: Final = f"{tagging.OWN_PREFIX}asked-architecture"
"""Tag with the architecture that the program asked for, where this machine has another."""
_PLAIN: Final = (
    "cpu", "memory", "executionRoleArn", "taskRoleArn", "family", "ipcMode", "networkMode", "pidMode",
    "enableFaultInjection", "requiresCompatibilities", "placementConstraints",
)  # fmt: skip
_BY_NAME: Final = ("environment", "secrets")
_HEALTH_CHECK_DEFAULTS: Final = {"interval": 30, "timeout": 5, "retries": 3}


class TaskDefinition(EmulatedResource):
    """A revision of a task definition; its id is the revision's ARN.

    The provider's id is the family, from which no `read` could tell which revision is meant.
    """

    token = "aws:ecs/taskDefinition:TaskDefinition"
    force_new = dict.fromkeys(
        (*_PLAIN, "containerDefinitions", "ephemeralStorage", "runtimePlatform", "volumes", "region"), _SOURCE
    )
    in_place = frozenset({"tags"})
    settled_at_creation = frozenset({"skipDestroy", "trackLatest"})
    tagged = True

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Container definitions mean the same with the defaults that ECS adds as without."""
        if key == "containerDefinitions" and isinstance(old, str) and isinstance(new, str):
            try:
                return _meaning(_containers(old)) == _meaning(_containers(new))
            except ResourceError:
                return old == new
        return super().same(key, old, new)

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Refuse container definitions that are no JSON list."""
        checked = super().check(cloud, name=name, old=old, new=new, random_hex=random_hex)
        if isinstance(checked.get("containerDefinitions"), str):
            _containers(checked["containerDefinitions"])
        return checked

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """The family's newest revision, if an interrupted run made just this one.

        Older ones may carry the same URN: with `skipDestroy` they stay when they are replaced.
        """
        family = str(inputs["family"])
        ecs = cloud.client("ecs")
        with explained(f"look for revisions of task definition {family!r}"):
            pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family)
            arns = [str(arn) for page in pages for arn in page["taskDefinitionArns"]]
        revisions = {_revision(arn): arn for arn in arns if _family(arn) == family}
        if not revisions:
            return None
        newest = revisions[max(revisions)]
        if cloud.is_known(self.token, newest):
            return None
        with explained(f"read task definition {newest}"):
            described = ecs.describe_task_definition(taskDefinition=newest, include=["TAGS"])
        live = self.read(cloud, id=newest, inputs=inputs)
        made_for_it = tagging.carries(tagging.from_pairs(described.get("tags")), urn)
        if live is None or not made_for_it:
            return None
        wanted = {key: value for key, value in inputs.items() if key in self.force_new}
        return newest if all(self.same(key, live.get(key), value) for key, value in wanted.items()) else None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Register a revision, for the processor that this machine has."""
        tags = tagging.with_urn(inputs.get("tags"), urn)
        arguments: dict[str, Any] = {key: inputs[key] for key in _PLAIN if inputs.get(key)}
        arguments["containerDefinitions"] = _containers(inputs["containerDefinitions"])
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
                **arguments, tags=tagging.pairs(tags, lower=True)
            )
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the revision, or None when it was deregistered."""
        with explained(f"read task definition {id}"):
            try:
                found = cloud.client("ecs").describe_task_definition(taskDefinition=id, include=["TAGS"])
            except ClientError as error:
                if code_of(error) == "ClientException":
                    return None
                raise
        live = found["taskDefinition"]
        if live["status"] != "ACTIVE":
            return None
        all_tags = tagging.from_pairs(found.get("tags"))
        tags = tagging.visible(all_tags)
        platform = dict(live.get("runtimePlatform") or {})
        if _ASKED_ARCHITECTURE in all_tags:
            platform["cpuArchitecture"] = all_tags[_ASKED_ARCHITECTURE]
        storage = live.get("ephemeralStorage")
        asked_text = inputs.get("containerDefinitions")
        live_text = json.dumps(live["containerDefinitions"])
        outputs: Properties = {
            "arn": live["taskDefinitionArn"],
            "arnWithoutRevision": str(live["taskDefinitionArn"]).rpartition(":")[0],
            "containerDefinitions": (
                asked_text if self.same("containerDefinitions", asked_text, live_text) else live_text
            ),
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
        for key in _PLAIN:
            outputs[key] = as_asked(inputs.get(key), live.get(key) or None)
        return outputs

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change the tags."""
        if "tags" in changed:
            with explained(f"tag task definition {id}"):
                retag(cloud, id, old, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Deregister the revision, unless `skipDestroy` keeps it for a rollback."""
        if outputs.get("skipDestroy"):
            return
        with explained(f"deregister task definition {id}"):
            try:
                cloud.client("ecs").deregister_task_definition(taskDefinition=id)
            except ClientError as error:
                if code_of(error) != "ClientException":
                    raise


def _family(arn: str) -> str:
    return arn.rpartition("/")[2].rpartition(":")[0]


def _revision(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def _containers(text: str) -> list[Properties]:
    try:
        containers = json.loads(text)
    except ValueError as error:
        raise ResourceError(f"containerDefinitions is no JSON: {error}") from error
    if not isinstance(containers, list):
        raise ResourceError(
            f"containerDefinitions is a JSON {type(containers).__name__}, it has to be a list"
        )
    return cast("list[Properties]", containers)


def _meaning(containers: list[Properties]) -> list[Properties]:
    """Return container definitions without what is empty or a default of ECS."""
    return [_container_meaning(container) for container in containers]


def _container_meaning(container: Properties) -> Properties:
    kept = cast("Properties", without_empty(container) or {})
    if kept.get("cpu") == 0:
        del kept["cpu"]
    if kept.get("essential") is True:
        del kept["essential"]
    ports = cast("list[Properties]", kept.get("portMappings") or [])
    for port in ports:
        # In awsvpc mode, the only one of Fargate, both ports are always the same.
        if port.get("hostPort") in {0, port.get("containerPort")}:
            del port["hostPort"]
        if port.get("protocol") == "tcp":
            del port["protocol"]
    health = cast("Properties", kept.get("healthCheck") or {})
    for key, default in _HEALTH_CHECK_DEFAULTS.items():
        if health.get(key) == default:
            del health[key]
    for key in _BY_NAME:
        if key in kept:
            kept[key] = sorted(kept[key], key=lambda item: str(cast("Properties", item).get("name")))
    return kept


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
