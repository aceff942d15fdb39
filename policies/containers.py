"""Controls of ECS and ECR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.control import Control, container_fault_if, fault_if, fault_without
from policies.resources import Declaration, Resource

SERVICE: Final = "aws:ecs/service:Service"
TASK_SET: Final = "aws:ecs/taskSet:TaskSet"
DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
CLUSTER: Final = "aws:ecs/cluster:Cluster"
PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
GROUP: Final = "aws:autoscaling/group:Group"
REPOSITORY: Final = "aws:ecr/repository:Repository"
LIFECYCLE: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_CREDENTIALS: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"})
_ROOT: Final = frozenset({"root", "0"})
_WINDOWS_ADMINISTRATOR: Final = "containeradministrator"

_public_addresses = fault_if(
    lambda resource: (
        resource.get("networkConfiguration.assignPublicIp")
        or resource.get("target.ecsParameters.networkConfiguration.assignPublicIp")
    ),
    "assigns public addresses to its tasks",
)


def _credentials_in_environment(definition: Resource, _: Declaration) -> Iterator[str]:
    for container in definition.containers():
        names = {variable.get("name") for variable in container.items("environment")} & _CREDENTIALS
        if names:
            yield f"({container.name}) has {', '.join(sorted(names))} in its environment"


def _has_insights(cluster: Resource) -> bool:
    values = {setting.get("name"): setting.get("value") for setting in cluster.items("settings")}
    return values.get("containerInsights") in ("enabled", "enhanced")


def _efs_without_tls(definition: Resource, _: Declaration) -> Iterator[str]:
    for volume in definition.items("volumes"):
        efs = volume.get("efsVolumeConfiguration")
        if efs and volume.get("efsVolumeConfiguration.transitEncryption") != "ENABLED":
            yield f"(volume {volume.get('name')}) mounts EFS without TLS"


def _unprotected_instances(provider: Resource, declaration: Declaration) -> Iterator[str]:
    key = "autoScalingGroupProvider"
    if not provider.get(key):
        return
    if provider.get(f"{key}.managedTerminationProtection") != "ENABLED":
        yield "terminates instances that run tasks (managedTerminationProtection)"
    if provider.get(f"{key}.managedScaling.status") != "ENABLED":
        yield "has no managed scaling"
    arn = provider.inputs[key].get("autoScalingGroupArn")
    for group in declaration.all(GROUP):
        is_used = group.urn in provider.refers.get(key, ()) or arn == group.outputs.get("arn")
        if is_used and not group.get("protectFromScaleIn"):
            yield f"has a group, {group.name}, that does not protect its instances"


def _root_user(definition: Resource, _: Declaration) -> Iterator[str]:
    for container in definition.containers():
        user = container.get("user")
        if not user:
            yield f"({container.name}) sets no user: that of the image does not count"
        elif str(user).partition(":")[0] in _ROOT:
            yield f"({container.name}) runs as root"


def _operating_system(definition: Resource, _: Declaration) -> Iterator[str]:
    system = definition.get("runtimePlatform.operatingSystemFamily")
    if not system:
        yield "sets no operating system: Security Hub then assumes Windows"
    elif str(system).startswith("WINDOWS"):
        for container in definition.containers():
            if str(container.get("user") or _WINDOWS_ADMINISTRATOR).lower() == _WINDOWS_ADMINISTRATOR:
                yield f"({container.name}) runs as a Windows administrator"


CONTROLS: Final = (
    Control(
        id="ECS.2",
        title="Services assign no public addresses to tasks",
        types=(SERVICE, SCHEDULE),
        check=_public_addresses,
        fix="nat: single or one-per-az, or your own private subnets",
    ),
    Control(
        id="ECS.3",
        title="Tasks do not share the host's process namespace",
        types=(DEFINITION,),
        check=fault_if(
            lambda definition: definition.get("pidMode") == "host",
            "shares the host's process namespace (pidMode host)",
        ),
        fix="omit pidMode",
    ),
    Control(
        id="ECS.4",
        title="Containers are not privileged",
        types=(DEFINITION,),
        check=container_fault_if(lambda container: container.get("privileged"), "is privileged"),
        fix="omit privileged; add the one Linux capability that the container needs",
    ),
    Control(
        id="ECS.5",
        title="Containers have a read-only root file system",
        types=(DEFINITION,),
        check=container_fault_if(
            lambda container: container.get("readonlyRootFilesystem") is not True,
            "has a writable root file system",
        ),
        fix="readonly-root-filesystem: true, and `tmpfs` or `volumes` for what the app writes",
    ),
    Control(
        id="ECS.8",
        title="No credentials in environment variables",
        types=(DEFINITION,),
        check=_credentials_in_environment,
        fix="secrets, by the ARN of a secret; AWS credentials come from the task role",
    ),
    Control(
        id="ECS.9",
        title="Containers have a log driver",
        types=(DEFINITION,),
        check=container_fault_if(
            lambda container: not container.get("logConfiguration.logDriver"), "has no log driver"
        ),
        fix="logConfiguration of every container",
    ),
    Control(
        id="ECS.10",
        title="Services use Fargate's latest platform version",
        types=(SERVICE,),
        check=fault_if(
            lambda service: service.get("platformVersion") not in (None, "LATEST", "1.4.0"),
            "uses Fargate platform version {platformVersion}",
        ),
        fix="platformVersion LATEST, or none",
    ),
    Control(
        id="ECS.12",
        title="Clusters have Container Insights",
        types=(CLUSTER,),
        check=fault_if(lambda cluster: not _has_insights(cluster), "has no Container Insights"),
        fix="container-insights: enabled or enhanced",
    ),
    Control(
        id="ECS.16",
        title="Task sets assign no public addresses to tasks",
        types=(TASK_SET,),
        check=_public_addresses,
        fix="assignPublicIp false",
    ),
    Control(
        id="ECS.18",
        title="Tasks mount EFS with TLS",
        types=(DEFINITION,),
        check=_efs_without_tls,
        fix="transitEncryption ENABLED",
    ),
    Control(
        id="ECS.19",
        title="Capacity providers protect instances that run tasks",
        types=(PROVIDER,),
        check=_unprotected_instances,
        fix="managed scaling and termination protection; the group with protectFromScaleIn",
    ),
    Control(
        id="ECS.20",
        title="Containers set a user that is not root",
        types=(DEFINITION,),
        check=_root_user,
        fix="user: a number other than 0, for the service and for each sidecar",
    ),
    Control(
        id="ECS.21",
        title="Tasks set their operating system, and no Windows administrator",
        types=(DEFINITION,),
        check=_operating_system,
        fix="runtimePlatform.operatingSystemFamily LINUX",
    ),
    Control(
        id="ECR.1",
        title="Repositories scan images",
        types=(REPOSITORY,),
        check=fault_if(
            lambda repository: not repository.get("imageScanningConfiguration.scanOnPush"),
            "does not scan images on push",
        ),
        fix="imageScanningConfiguration.scanOnPush true",
    ),
    Control(
        id="ECR.2",
        title="Tags are immutable",
        types=(REPOSITORY,),
        check=fault_if(
            lambda repository: repository.get("imageTagMutability") != "IMMUTABLE", "has mutable tags"
        ),
        fix="imageTagMutability IMMUTABLE; a build cache, which is one mutable tag, is an exception",
    ),
    Control(
        id="ECR.3",
        title="Repositories have a lifecycle policy",
        types=(REPOSITORY,),
        check=fault_without("has no lifecycle policy", LIFECYCLE, key="repository"),
        fix="an aws.ecr.LifecyclePolicy for the repository",
    ),
)
