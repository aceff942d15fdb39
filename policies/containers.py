"""Controls of ECS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.control import Control
from policies.resources import Declaration, Resource

SERVICE: Final = "aws:ecs/service:Service"
TASK_SET: Final = "aws:ecs/taskSet:TaskSet"
DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
CLUSTER: Final = "aws:ecs/cluster:Cluster"
PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
GROUP: Final = "aws:autoscaling/group:Group"
_SECRETS: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"})
_ROOT: Final = frozenset({"root", "0"})
_LATEST: Final = frozenset({None, "LATEST", "1.4.0"})


def _public_address(service: Resource, _: Declaration) -> Iterator[str]:
    if service.get("networkConfiguration.assignPublicIp"):
        yield "gives its tasks public addresses"


def _public_address_of_schedule(schedule: Resource, _: Declaration) -> Iterator[str]:
    if schedule.type == SCHEDULE:
        if schedule.get("target.ecsParameters.networkConfiguration.assignPublicIp"):
            yield "gives its tasks public addresses"
    else:
        yield from _public_address(schedule, _)


def _host_processes(definition: Resource, _: Declaration) -> Iterator[str]:
    if definition.get("pidMode") == "host":
        yield "shares the host's processes (pidMode host)"


def _privileged(definition: Resource, _: Declaration) -> Iterator[str]:
    for container in definition.containers():
        if container.get("privileged"):
            yield f"({container.name}) is privileged"


def _writable_root(definition: Resource, _: Declaration) -> Iterator[str]:
    for container in definition.containers():
        if container.get("readonlyRootFilesystem") is not True:
            yield f"({container.name}) may write to its root file system"


def _secrets_in_environment(definition: Resource, _: Declaration) -> Iterator[str]:
    for container in definition.containers():
        named = {one.get("name") for one in container.items("environment")} & _SECRETS
        if named:
            yield f"({container.name}) has {', '.join(sorted(named))} in its environment"


def _without_logs(definition: Resource, _: Declaration) -> Iterator[str]:
    for container in definition.containers():
        if not container.get("logConfiguration.logDriver"):
            yield f"({container.name}) sends its logs nowhere"


def _old_platform(service: Resource, _: Declaration) -> Iterator[str]:
    version = service.get("platformVersion")
    if version not in _LATEST:
        yield f"stays at Fargate's platform version {version}"


def _without_insights(cluster: Resource, _: Declaration) -> Iterator[str]:
    values = {one.get("name"): one.get("value") for one in cluster.items("settings")}
    if values.get("containerInsights") not in ("enabled", "enhanced"):
        yield "has no Container Insights"


def _plain_nfs(definition: Resource, _: Declaration) -> Iterator[str]:
    for volume in definition.items("volumes"):
        efs = volume.get("efsVolumeConfiguration")
        if efs and volume.get("efsVolumeConfiguration.transitEncryption") != "ENABLED":
            yield f"(volume {volume.get('name')}) mounts EFS without TLS"


def _instances_end_with_tasks(provider: Resource, declaration: Declaration) -> Iterator[str]:
    own = "autoScalingGroupProvider"
    if not provider.get(own):
        return
    if provider.get(f"{own}.managedTerminationProtection") != "ENABLED":
        yield "lets instances go that run tasks (managedTerminationProtection)"
    if provider.get(f"{own}.managedScaling.status") != "ENABLED":
        yield "has no managed scaling"
    arn = provider.inputs[own].get("autoScalingGroupArn")
    for group in declaration.all(GROUP):
        backs = group.urn in provider.refers.get(own, ()) or arn == group.outputs.get("arn")
        if backs and not group.get("protectFromScaleIn"):
            yield f"has a group, {group.name}, that does not protect its instances"


def _root_user(definition: Resource, _: Declaration) -> Iterator[str]:
    for container in definition.containers():
        user = container.get("user")
        if not user:
            yield f"({container.name}) names no user: that of the image does not count"
        elif str(user).partition(":")[0] in _ROOT:
            yield f"({container.name}) runs as root"


def _no_system(definition: Resource, _: Declaration) -> Iterator[str]:
    system = definition.get("runtimePlatform.operatingSystemFamily")
    if not system:
        yield "names no operating system: Security Hub takes it for Windows, then"
    elif str(system).startswith("WINDOWS"):
        for container in definition.containers():
            if str(container.get("user") or "containeradministrator").lower() == "containeradministrator":
                yield f"({container.name}) runs as an administrator of Windows"


CONTROLS: Final = (
    Control(
        id="ECS.2",
        title="Services give tasks no public addresses",
        types=(SERVICE, SCHEDULE),
        check=_public_address_of_schedule,
        fix="nat: single or one-per-az, or private subnets of your own",
    ),
    Control(
        id="ECS.3",
        title="Tasks do not share the host's processes",
        types=(DEFINITION,),
        check=_host_processes,
        fix="leave pidMode out",
    ),
    Control(
        id="ECS.4",
        title="Containers are not privileged",
        types=(DEFINITION,),
        check=_privileged,
        fix="leave privileged out; a container that needs one right gets that capability",
    ),
    Control(
        id="ECS.5",
        title="Containers have a read-only root file system",
        types=(DEFINITION,),
        check=_writable_root,
        fix="readonly-root-filesystem: true, and `tmpfs` or `volumes` for what the app writes",
    ),
    Control(
        id="ECS.8",
        title="No credentials in environment variables",
        types=(DEFINITION,),
        check=_secrets_in_environment,
        fix="secrets, by the ARN of a secret; AWS's own come from the task role",
    ),
    Control(
        id="ECS.9",
        title="Containers have a log driver",
        types=(DEFINITION,),
        check=_without_logs,
        fix="logConfiguration of every container",
    ),
    Control(
        id="ECS.10",
        title="Services use Fargate's latest platform version",
        types=(SERVICE,),
        check=_old_platform,
        fix="platformVersion LATEST, or none",
    ),
    Control(
        id="ECS.12",
        title="Clusters have Container Insights",
        types=(CLUSTER,),
        check=_without_insights,
        fix="container-insights: enabled or enhanced",
    ),
    Control(
        id="ECS.16",
        title="Task sets give tasks no public addresses",
        types=(TASK_SET,),
        check=_public_address,
        fix="assignPublicIp false",
    ),
    Control(
        id="ECS.18",
        title="Tasks mount EFS with TLS",
        types=(DEFINITION,),
        check=_plain_nfs,
        fix="transitEncryption ENABLED",
    ),
    Control(
        id="ECS.19",
        title="Capacity providers keep instances that run tasks",
        types=(PROVIDER,),
        check=_instances_end_with_tasks,
        fix="managed scaling and termination protection; the group with protectFromScaleIn",
    ),
    Control(
        id="ECS.20",
        title="Containers name a user that is not root",
        types=(DEFINITION,),
        check=_root_user,
        fix="user: a number other than 0, for the service and for each sidecar",
    ),
    Control(
        id="ECS.21",
        title="Tasks name their operating system, and no administrator of Windows",
        types=(DEFINITION,),
        check=_no_system,
        fix="runtimePlatform.operatingSystemFamily LINUX",
    ),
)
