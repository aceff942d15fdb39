"""The containers of a task, in ECS's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.settings import endpoint

if TYPE_CHECKING:
    import pulumi

    from infra.image.reference import DeployableImage
    from infra.service.compute import Compute
    from infra.service.platform import Platform
    from infra.settings import ServiceSettings


def app_container(
    settings: ServiceSettings, image: DeployableImage, platform: Platform, compute: Compute
) -> dict[str, Any]:
    """Return the app's container.

    What is left out here AWS leaves out too: an empty value would show as a difference on every run.
    """
    environment: dict[str, pulumi.Input[str]] = {
        # ECS drops an empty one, and the provider takes that for a change: each update would deploy a new
        # revision (hashicorp/terraform-provider-aws#39533).
        **{name: value for name, value in settings.environment.items() if value},
        "PORT": str(settings.container_port),
        "ENVIRONMENT": platform.stack,
        "SERVICE_NAME": settings.name,
        "IMAGE_VERSION": image.version,
        "IDLE_TIMEOUT_SECONDS": str(platform.idle_timeout_seconds),
        "STOP_TIMEOUT_SECONDS": str(settings.stop_timeout_seconds),
    }
    container: dict[str, Any] = {
        "name": settings.name,
        "image": image.reference,
        "essential": True,
        "user": settings.user,
        # The agent of ECS Exec writes to it, and does not start where it cannot:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
        "readonlyRootFilesystem": not settings.execute_command,
        "linuxParameters": {
            "initProcessEnabled": True,
            # Which of Docker's the agent needs nobody says, only that it works with all; raw sockets are
            # nothing that it uses: https://github.com/aws/containers-roadmap/issues/1360
            "capabilities": {"add": [], "drop": ["NET_RAW"] if settings.execute_command else ["ALL"]},
        },
        "stopTimeout": settings.stop_timeout_seconds,
        "environment": [{"name": key, "value": value} for key, value in sorted(environment.items())],
        "logConfiguration": log_configuration(settings.name, platform),
    }
    if settings.exposure != "none" or endpoint(settings) or settings.discovery.enabled:
        container["portMappings"] = [_port_mapping(settings, compute)]
    if settings.gpus:
        container["resourceRequirements"] = [{"type": "GPU", "value": str(settings.gpus)}]
    if credentials := registry_credentials(settings, image):
        container["repositoryCredentials"] = {"credentialsParameter": credentials}
    if settings.command:
        container["command"] = list(settings.command)
    if settings.secrets:
        container["secrets"] = [
            {"name": key, "valueFrom": arn} for key, arn in sorted(settings.secrets.items())
        ]
    if settings.health_check_command:
        container["healthCheck"] = {
            "command": list(settings.health_check_command),
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": min(settings.health_check_grace_period_seconds, 300),
        }
    return container


def _port_mapping(settings: ServiceSettings, compute: Compute) -> dict[str, Any]:
    udp = settings.exposure == "tcp" and settings.listener_protocol == "udp"
    mapping = compute.port_mapping(settings.container_port, "udp" if udp else "tcp")
    if endpoint(settings):
        # Service Connect finds the port by its name. Without a protocol of its own it is plain TCP.
        mapping["name"] = settings.name
        if settings.connect.protocol != "tcp":
            mapping["appProtocol"] = settings.connect.protocol
    return mapping


def log_configuration(stream_prefix: str, platform: Platform) -> dict[str, Any]:
    """Return where a container logs."""
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": platform.log_group_name,
            "awslogs-region": platform.account.region,
            "awslogs-stream-prefix": stream_prefix,
        },
    }


def registry_credentials(settings: ServiceSettings, image: DeployableImage) -> str | None:
    """Return the secret with which ECS logs in to the image's registry; to ECR tasks log in by their role."""
    return settings.registry_credentials if image.repository_arn is None else None
