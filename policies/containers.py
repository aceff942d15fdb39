"""Controls of ECS and ECR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.control import control
from policies.resources import GROUP, SERVICE, Declaration, Resource

TASK_SET: Final = "aws:ecs/taskSet:TaskSet"
DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
CLUSTER: Final = "aws:ecs/cluster:Cluster"
PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
REPOSITORY: Final = "aws:ecr/repository:Repository"
LIFECYCLE: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_CREDENTIALS: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"})
_ROOT: Final = frozenset({"root", "0"})
_WINDOWS_ADMINISTRATOR: Final = "containeradministrator"


@control("ECS.2", SERVICE, SCHEDULE, fix="nat: single or one-per-az, or your own private subnets")
def service_addresses(resource: Resource, _: Declaration) -> Iterator[str]:
    """Services assign no public addresses to tasks."""
    network = "networkConfiguration.assignPublicIp"
    if resource.get(network) or resource.get(f"target.ecsParameters.{network}"):
        yield "assigns public addresses to its tasks"


@control("ECS.3", DEFINITION, fix="omit pidMode")
def process_namespace(definition: Resource, _: Declaration) -> Iterator[str]:
    """Tasks do not share the host's process namespace."""
    if definition.get("pidMode") == "host":
        yield "shares the host's process namespace (pidMode host)"


@control("ECS.4", DEFINITION, fix="omit privileged; add the one Linux capability that the container needs")
def privileged_containers(definition: Resource, _: Declaration) -> Iterator[str]:
    """Containers are not privileged."""
    for container in definition.containers():
        if container.get("privileged"):
            yield f"({container.name}) is privileged"


@control(
    "ECS.5",
    DEFINITION,
    fix="execute-command: false, sidecars.<name>.read-only-root-filesystem: true, `tmpfs` or `volumes`",
)
def root_file_systems(definition: Resource, _: Declaration) -> Iterator[str]:
    """Containers have a read-only root file system."""
    for container in definition.containers():
        if container.get("readonlyRootFilesystem") is not True:
            yield f"({container.name}) has a writable root file system"


@control("ECS.8", DEFINITION, fix="secrets, by the ARN of a secret; AWS credentials come from the task role")
def credentials_in_environment(definition: Resource, _: Declaration) -> Iterator[str]:
    """No credentials in environment variables."""
    for container in definition.containers():
        names = {variable.get("name") for variable in container.items("environment")} & _CREDENTIALS
        if names:
            yield f"({container.name}) has {', '.join(sorted(names))} in its environment"


@control("ECS.9", DEFINITION, fix="logConfiguration of every container")
def log_drivers(definition: Resource, _: Declaration) -> Iterator[str]:
    """Containers have a log driver."""
    for container in definition.containers():
        if not container.get("logConfiguration.logDriver"):
            yield f"({container.name}) has no log driver"


@control("ECS.10", SERVICE, fix="platformVersion LATEST, or none")
def platform_version(service: Resource, _: Declaration) -> Iterator[str]:
    """Services use Fargate's latest platform version."""
    version = service.get("platformVersion")
    if version not in (None, "LATEST", "1.4.0"):
        yield f"uses Fargate platform version {version}"


@control("ECS.12", CLUSTER, fix="container-insights: enabled or enhanced")
def container_insights(cluster: Resource, _: Declaration) -> Iterator[str]:
    """Clusters have Container Insights."""
    values = {setting.get("name"): setting.get("value") for setting in cluster.items("settings")}
    if values.get("containerInsights") not in ("enabled", "enhanced"):
        yield "has no Container Insights"


task_set_addresses = control(
    "ECS.16", TASK_SET, fix="assignPublicIp false", title="Task sets assign no public addresses to tasks"
)(service_addresses.check)


@control("ECS.18", DEFINITION, fix="transitEncryption ENABLED")
def efs_encryption_in_transit(definition: Resource, _: Declaration) -> Iterator[str]:
    """Tasks mount EFS with TLS."""
    for volume in definition.items("volumes"):
        efs = volume.get("efsVolumeConfiguration")
        if efs and volume.get("efsVolumeConfiguration.transitEncryption") != "ENABLED":
            yield f"(volume {volume.get('name')}) mounts EFS without TLS"


@control(
    "ECS.19", PROVIDER, fix="managed scaling and termination protection; the group with protectFromScaleIn"
)
def termination_protection(provider: Resource, declaration: Declaration) -> Iterator[str]:
    """Capacity providers protect instances that run tasks."""
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


@control("ECS.20", DEFINITION, fix="user: a number other than 0, for the service and for each sidecar")
def container_users(definition: Resource, _: Declaration) -> Iterator[str]:
    """Containers set a user that is not root."""
    for container in definition.containers():
        user = container.get("user")
        if not user:
            yield f"({container.name}) sets no user: that of the image does not count"
        elif str(user).partition(":")[0] in _ROOT:
            yield f"({container.name}) runs as root"


@control("ECS.21", DEFINITION, fix="runtimePlatform.operatingSystemFamily LINUX")
def operating_system(definition: Resource, _: Declaration) -> Iterator[str]:
    """Tasks set their operating system, and no Windows administrator."""
    system = definition.get("runtimePlatform.operatingSystemFamily")
    if not system:
        yield "sets no operating system: Security Hub then assumes Windows"
    elif str(system).startswith("WINDOWS"):
        for container in definition.containers():
            if str(container.get("user") or _WINDOWS_ADMINISTRATOR).lower() == _WINDOWS_ADMINISTRATOR:
                yield f"({container.name}) runs as a Windows administrator"


@control("ECR.1", REPOSITORY, fix="imageScanningConfiguration.scanOnPush true")
def image_scanning(repository: Resource, _: Declaration) -> Iterator[str]:
    """Repositories scan images."""
    if not repository.get("imageScanningConfiguration.scanOnPush"):
        yield "does not scan images on push"


@control(
    "ECR.2",
    REPOSITORY,
    fix="imageTagMutability IMMUTABLE; a build cache, which is one mutable tag, is an exception",
)
def immutable_tags(repository: Resource, _: Declaration) -> Iterator[str]:
    """Tags are immutable."""
    if repository.get("imageTagMutability") != "IMMUTABLE":
        yield "has mutable tags"


@control("ECR.3", REPOSITORY, fix="an aws.ecr.LifecyclePolicy for the repository")
def lifecycle_policies(repository: Resource, declaration: Declaration) -> Iterator[str]:
    """Repositories have a lifecycle policy."""
    if not declaration.related(repository, "repository", LIFECYCLE):
        yield "has no lifecycle policy"
