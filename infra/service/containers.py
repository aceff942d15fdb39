"""The container definitions of a task.

What is left out here AWS leaves out too: an empty value would show as a difference on every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from infra.settings import endpoint
from infra.settings.sidecars import Sidecar
from infra.settings.variables import is_in_s3

if TYPE_CHECKING:
    import pulumi

    from infra.image.reference import DeployableImage
    from infra.service.compute import Compute
    from infra.service.platform import Platform
    from infra.service.secrets import SecretReferences
    from infra.settings import ServiceSettings

_CONDITIONS: Final = {"start": "START", "healthy": "HEALTHY", "complete": "COMPLETE", "success": "SUCCESS"}
OPENTELEMETRY: Final = "opentelemetry"
"""Name of the collector's container."""


def sidecars_of(settings: ServiceSettings) -> Mapping[str, Sidecar]:
    """Return the containers beside the app, with the OpenTelemetry collector if it is asked for."""
    if settings.opentelemetry is None:
        return settings.sidecars
    # What its image holds: https://github.com/aws-observability/aws-otel-collector/tree/main/config/ecs
    own = settings.opentelemetry.config
    collector = Sidecar(
        image=settings.opentelemetry.image,
        # Traces are worth no outage.
        essential=False,
        memory_reservation=settings.opentelemetry.memory_reservation,
        command=() if own else ("--config=/etc/ecs/ecs-default-config.yaml",),
        secrets={"AOT_CONFIG_CONTENT": own} if own else {},
        health_check_command=("CMD", "/healthcheck"),
    )
    return {**settings.sidecars, OPENTELEMETRY: collector}


class Containers:
    """The container definitions of a service's tasks."""

    def __init__(
        self,
        settings: ServiceSettings,
        platform: Platform,
        images: Mapping[str, DeployableImage],
        secrets: SecretReferences,
        compute: Compute,
    ) -> None:
        """Prepare the definitions.

        Args:
            settings: the service's.
            platform: what services share.
            images: what each container runs, by its name.
            secrets: finds what ECS reads for them.
            compute: what they run on.
        """
        self._settings = settings
        self._platform = platform
        self._images = images
        self._secrets = secrets
        self._compute = compute
        self._sidecars = sidecars_of(settings)

    def definitions(self) -> list[dict[str, Any]]:
        """Return all of them, the app's first."""
        return [self._app(), *(self._sidecar(name, one) for name, one in self._sidecars.items())]

    def _app(self) -> dict[str, Any]:
        settings = self._settings
        volumes = {name: (one.path, one.read_only) for name, one in settings.volumes.items()}
        return {
            **self._common(
                settings.name,
                settings,
                variables={**self._of_the_collector(), **settings.variables, **self._of_the_program()},
                # The agent of ECS Exec writes to it, and does not start where it cannot:
                # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
                read_only=not settings.execute_command,
                # Which of Docker's the agent needs nobody says, only that it works with all; raw sockets are
                # nothing that it uses: https://github.com/aws/containers-roadmap/issues/1360
                dropped=["NET_RAW"] if settings.execute_command else ["ALL"],
                volumes=volumes,
            ),
            "essential": True,
            "logConfiguration": self._log_configuration(routed=True),
            **self._ports(settings.name),
            **self._gpus(),
            **self._system_controls(),
        }

    def _sidecar(self, name: str, sidecar: Sidecar) -> dict[str, Any]:
        volumes = {one: (path, False) for one, path in sidecar.volumes.items()}
        exec_allowed = self._settings.execute_command
        said = "drop_capabilities" in sidecar.model_fields_set
        container = {
            **self._common(
                name,
                sidecar,
                variables=sidecar.variables,
                read_only=sidecar.read_only_root_filesystem and not exec_allowed,
                # Its agent of ECS Exec needs what the app's does.
                dropped=["NET_RAW"] if exec_allowed and not said else list(sidecar.drop_capabilities),
                volumes=volumes,
            ),
            "essential": sidecar.essential,
            "logConfiguration": self._log_configuration(routed=not sidecar.log_router),
            **self._ports(name),
        }
        sizes = {
            "cpu": sidecar.cpu or None,
            "memory": sidecar.memory,
            "memoryReservation": sidecar.memory_reservation,
        }
        container |= {key: value for key, value in sizes.items() if value is not None}
        if router := sidecar.log_router:
            options = {"enable-ecs-log-metadata": str(router.ecs_metadata).lower()}
            if router.config_file:
                options["config-file-type"] = "s3" if is_in_s3(router.config_file) else "file"
                options["config-file-value"] = router.config_file
            container["firelensConfiguration"] = {"type": router.type, "options": options}
            # ECS takes root where nothing is said, and answers so.
            container.setdefault("user", "0")
        return container

    def _common(
        self,
        name: str,
        said: ServiceSettings | Sidecar,
        *,
        variables: Mapping[str, pulumi.Input[str]],
        read_only: bool,
        dropped: list[str],
        volumes: Mapping[str, tuple[str, bool]],
    ) -> dict[str, Any]:
        """Return what the app's container and others say alike."""
        linux: dict[str, Any] = {"initProcessEnabled": True, "capabilities": {"add": [], "drop": dropped}}
        if said.tmpfs:
            # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tmpfs.html
            options = ["mode=1777", "nodev", "nosuid", *_owner(said.user)]
            linux["tmpfs"] = [
                {"containerPath": path, "size": size, "mountOptions": options}
                for path, size in sorted(said.tmpfs.items())
            ]
        container: dict[str, Any] = {
            "name": name,
            "image": self._images[name].reference,
            "readonlyRootFilesystem": read_only,
            "linuxParameters": linux,
            "stopTimeout": said.stop_timeout_seconds,
            # ECS drops an empty one, and the provider takes that for a change: each update would deploy a new
            # revision (hashicorp/terraform-provider-aws#39533).
            "environment": [
                {"name": key, "value": value} for key, value in sorted(variables.items()) if value != ""
            ],
        }
        optional: dict[str, Any] = {
            "user": said.user,
            "entryPoint": list(said.entrypoint),
            "command": list(said.command),
            "repositoryCredentials": self._credentials(name, said),
            "secrets": [
                {"name": key, "valueFrom": self._secrets.value_from(reference)}
                for key, reference in sorted(said.secrets.items())
            ],
            "environmentFiles": [
                {"type": "s3", "value": file} for file in said.environment_files if is_in_s3(file)
            ],
            "dependsOn": [
                {"containerName": other, "condition": _CONDITIONS[condition]}
                for other, condition in sorted(said.depends_on.items())
            ],
            "ulimits": [
                {"name": limit, "softLimit": value, "hardLimit": value}
                for limit, value in sorted(said.ulimits.items())
            ],
            "mountPoints": [
                {"sourceVolume": volume, "containerPath": path, "readOnly": only}
                for volume, (path, only) in sorted(volumes.items())
            ],
            "healthCheck": self._health_check(said),
        }
        return container | {key: value for key, value in optional.items() if value}

    def _of_the_program(self) -> dict[str, pulumi.Input[str]]:
        settings = self._settings
        return {
            "PORT": str(settings.container_port),
            "ENVIRONMENT": self._platform.stack,
            "SERVICE_NAME": settings.name,
            "IMAGE_VERSION": self._images[settings.name].version,
            "IDLE_TIMEOUT_SECONDS": str(self._platform.idle_timeout_seconds),
            "STOP_TIMEOUT_SECONDS": str(settings.stop_timeout_seconds),
        }

    def _of_the_collector(self) -> dict[str, str]:
        """Return where the app's OpenTelemetry SDK finds the collector."""
        if self._settings.opentelemetry is None:
            return {}
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318",
            "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment={self._platform.stack}",
            "OTEL_SERVICE_NAME": self._settings.name,
        }

    def _ports(self, container: str) -> dict[str, Any]:
        settings = self._settings
        taking, port = settings.ingress
        if container == taking:
            is_reached = settings.exposure != "none" or endpoint(settings) or settings.discovery.enabled
            return {"portMappings": [self._reached(port)]} if is_reached else {}
        own = self._sidecars[container].port if container in self._sidecars else None
        return {"portMappings": [self._compute.port_mapping(own)]} if own else {}

    def _system_controls(self) -> dict[str, Any]:
        """Let an app that is not root listen on a port below 1024, where its image insists on one."""
        if not self._settings.has_privileged_port:
            return {}
        # It is all containers' of the task, whichever says it:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SystemControl.html
        return {"systemControls": [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]}

    def _gpus(self) -> dict[str, Any]:
        gpus = self._settings.gpus
        return {"resourceRequirements": [{"type": "GPU", "value": str(gpus)}]} if gpus else {}

    def _reached(self, port: int) -> dict[str, Any]:
        settings = self._settings
        udp = settings.exposure == "tcp" and settings.listener_protocol == "udp"
        mapping = self._compute.port_mapping(port, "udp" if udp else "tcp")
        if endpoint(settings):
            # Service Connect finds the port by its name. Without a protocol of its own it is plain TCP.
            mapping["name"] = settings.name
            if settings.connect.protocol != "tcp":
                mapping["appProtocol"] = settings.connect.protocol
        return mapping

    def _log_configuration(self, *, routed: bool) -> dict[str, Any]:
        settings = self._settings
        if routed and any(one.log_router for one in self._sidecars.values()):
            options = {key: value for key, value in settings.log_options.items() if value}
            return {"logDriver": "awsfirelens", **({"options": options} if options else {})}
        return log_configuration(settings, self._platform)

    def _health_check(self, said: ServiceSettings | Sidecar) -> dict[str, Any]:
        if not said.health_check_command:
            return {}
        return {
            "command": list(said.health_check_command),
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": min(self._settings.health_check_grace_period_seconds, 300),
        }

    def _credentials(self, name: str, said: ServiceSettings | Sidecar) -> dict[str, Any]:
        """Return the secret with which ECS logs in to a registry; to ECR tasks log in by their role."""
        if said.registry_credentials is None or self._images[name].repository_arn is not None:
            return {}
        return {"credentialsParameter": self._secrets.value_from(said.registry_credentials)}


def _owner(user: str | None) -> list[str]:
    """Return the options by which a folder in memory is the container's user's, where that is a number.

    runc before 1.1.8 gives it the mode of the image's folder instead of `mode`, which shuts everybody but the
    owner out (opencontainers/runc#3911).
    """
    uid, _, gid = (user or "").partition(":")
    return [f"{option}={value}" for option, value in (("uid", uid), ("gid", gid)) if value.isdecimal()]


def log_configuration(settings: ServiceSettings, platform: Platform) -> dict[str, Any]:
    """Return how containers log to the stack's log group."""
    options: dict[str, Any] = {
        "awslogs-group": platform.log_group_name,
        "awslogs-region": platform.account.region,
        "awslogs-stream-prefix": settings.name,
        "mode": settings.log_mode,
    }
    if settings.log_mode == "non-blocking":
        options["max-buffer-size"] = f"{settings.log_buffer_mib}m"
    return {"logDriver": "awslogs", "options": options}
