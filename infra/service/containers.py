"""The container definitions of a task.

Empty values are left out, as AWS does: they would show as a difference on every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi

from infra.settings import endpoint
from infra.settings.sidecars import Sidecar
from infra.settings.variables import is_in_s3

if TYPE_CHECKING:
    from infra.image.reference import DeployableImage
    from infra.service.compute import Compute
    from infra.service.platform import Platform
    from infra.service.secrets import SecretReferences
    from infra.settings import ServiceSettings

_CONDITIONS: Final = {"start": "START", "healthy": "HEALTHY", "complete": "COMPLETE", "success": "SUCCESS"}
OPENTELEMETRY: Final = "opentelemetry"
"""Container name of the collector."""


def sidecars_of(settings: ServiceSettings) -> Mapping[str, Sidecar]:
    """Return the containers beside the app, including the OpenTelemetry collector if configured."""
    if settings.opentelemetry is None:
        return settings.sidecars
    # Files in its image: https://github.com/aws-observability/aws-otel-collector/tree/main/config/ecs
    config = settings.opentelemetry.config
    collector = Sidecar(
        image=settings.opentelemetry.image,
        # The app runs on without traces.
        essential=False,
        memory_reservation=settings.opentelemetry.memory_reservation,
        command=() if config else ("--config=/etc/ecs/ecs-default-config.yaml",),
        secrets={"AOT_CONFIG_CONTENT": config} if config else {},
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
        """Keep the inputs of the definitions.

        Args:
            settings: the service's.
            platform: shared by all services.
            images: image of each container, by the container's name.
            secrets: collects the references to secrets.
            compute: where the tasks run.
        """
        self._settings = settings
        self._platform = platform
        self._images = images
        self._secrets = secrets
        self._compute = compute
        self._sidecars = sidecars_of(settings)

    def definitions(self) -> list[dict[str, Any]]:
        """Return all definitions, the app's first."""
        return [self._app(), *(self._sidecar(*item) for item in self._sidecars.items())]

    def _app(self) -> dict[str, Any]:
        settings = self._settings
        volumes = {name: (volume.path, volume.read_only) for name, volume in settings.volumes.items()}
        return {
            **self._common(
                settings.name,
                settings,
                variables={**self._collector_variables(), **settings.variables, **self._own_variables()},
                # The agent of ECS Exec needs a writable file system:
                # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
                read_only=not settings.execute_command,
                # AWS does not document which capabilities the agent needs, and it does not use raw sockets:
                # https://github.com/aws/containers-roadmap/issues/1360
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
        volumes = {volume: (path, False) for volume, path in sidecar.volumes.items()}
        exec_allowed = self._settings.execute_command
        has_own_drops = "drop_capabilities" in sidecar.model_fields_set
        container = {
            **self._common(
                name,
                sidecar,
                variables=sidecar.variables,
                read_only=sidecar.read_only_root_filesystem and not exec_allowed,
                # The agent of ECS Exec needs the same in every container.
                dropped=["NET_RAW"]
                if exec_allowed and not has_own_drops
                else list(sidecar.drop_capabilities),
                volumes=volumes,
            ),
            "essential": sidecar.essential,
            "logConfiguration": self._log_configuration(routed=not sidecar.log_router),
            **self._ports(name),
        }
        sizes = {
            "cpu": sidecar.cpu,
            "memory": sidecar.memory,
            "memoryReservation": sidecar.memory_reservation,
        }
        container |= {key: value for key, value in sizes.items() if value}
        if router := sidecar.log_router:
            options = {"enable-ecs-log-metadata": str(router.ecs_metadata).lower()}
            if router.config_file:
                options["config-file-type"] = "s3" if is_in_s3(router.config_file) else "file"
                options["config-file-value"] = router.config_file
            container["firelensConfiguration"] = {"type": router.type, "options": options}
            # ECS reports root as the user if none is set; without it here that would show as a difference.
            container.setdefault("user", "0")
        return container

    def _common(
        self,
        name: str,
        settings: ServiceSettings | Sidecar,
        *,
        variables: Mapping[str, pulumi.Input[str]],
        read_only: bool,
        dropped: list[str],
        volumes: Mapping[str, tuple[str, bool]],
    ) -> dict[str, Any]:
        """Return the keys that the app's container and sidecars share."""
        linux: dict[str, Any] = {"initProcessEnabled": True, "capabilities": {"add": [], "drop": dropped}}
        if settings.tmpfs:
            # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tmpfs.html
            options = ["mode=1777", "nodev", "nosuid", *_owner_options(settings.user)]
            linux["tmpfs"] = [
                {"containerPath": path, "size": size, "mountOptions": options}
                for path, size in sorted(settings.tmpfs.items())
            ]
        container: dict[str, Any] = {
            "name": name,
            "image": self._images[name].reference,
            "readonlyRootFilesystem": read_only,
            "linuxParameters": linux,
            "stopTimeout": settings.stop_timeout_seconds,
            # ECS drops empty variables, which the provider sees as a change: every update would deploy a new
            # revision (hashicorp/terraform-provider-aws#39533).
            "environment": [
                {"name": key, "value": value} for key, value in sorted(variables.items()) if value != ""
            ],
        }
        optional: dict[str, Any] = {
            "user": settings.user,
            "entryPoint": list(settings.entrypoint),
            "command": list(settings.command),
            "repositoryCredentials": self._credentials(name, settings),
            "secrets": [
                {"name": key, "valueFrom": self._secrets.value_from(reference)}
                for key, reference in sorted(settings.secrets.items())
            ],
            "environmentFiles": [
                {"type": "s3", "value": file} for file in settings.environment_files if is_in_s3(file)
            ],
            "dependsOn": [
                {"containerName": other, "condition": _CONDITIONS[condition]}
                for other, condition in sorted(settings.depends_on.items())
            ],
            "ulimits": [
                {"name": limit, "softLimit": value, "hardLimit": value}
                for limit, value in sorted(settings.ulimits.items())
            ],
            "mountPoints": [
                {"sourceVolume": volume, "containerPath": path, "readOnly": mount_read_only}
                for volume, (path, mount_read_only) in sorted(volumes.items())
            ],
            "healthCheck": self._health_check(settings),
        }
        return container | {key: value for key, value in optional.items() if value}

    def _own_variables(self) -> dict[str, pulumi.Input[str]]:
        settings = self._settings
        return {
            "PORT": str(settings.container_port),
            "ENVIRONMENT": self._platform.stack,
            "SERVICE_NAME": settings.name,
            "IMAGE_VERSION": self._images[settings.name].version,
            # A stack reference returns whole numbers as floats.
            "IDLE_TIMEOUT_SECONDS": pulumi.Output.from_input(self._platform.idle_timeout_seconds).apply(
                lambda seconds: str(int(seconds))
            ),
            "STOP_TIMEOUT_SECONDS": str(settings.stop_timeout_seconds),
        }

    def _collector_variables(self) -> dict[str, str]:
        """Return the variables by which the app's OpenTelemetry SDK finds the collector."""
        if self._settings.opentelemetry is None:
            return {}
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318",
            "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment={self._platform.stack}",
            "OTEL_SERVICE_NAME": self._settings.name,
        }

    def _ports(self, container: str) -> dict[str, Any]:
        settings = self._settings
        ingress_container, ingress_port = settings.ingress
        if container != ingress_container:
            sidecar = self._sidecars.get(container)
            if not sidecar or not sidecar.port:
                return {}
            return {"portMappings": [self._compute.port_mapping(sidecar.port)]}
        if settings.exposure == "none" and not endpoint(settings) and not settings.discovery.enabled:
            return {}
        udp = settings.exposure == "tcp" and settings.listener_protocol == "udp"
        mapping = self._compute.port_mapping(ingress_port, "udp" if udp else "tcp")
        if endpoint(settings):
            # Service Connect refers to the port by its name. Without an application protocol it is plain TCP.
            mapping["name"] = settings.name
            if settings.connect.protocol != "tcp":
                mapping["appProtocol"] = settings.connect.protocol
        return {"portMappings": [mapping]}

    def _system_controls(self) -> dict[str, Any]:
        """Let an app without root listen on a port below 1024, if it has such a port."""
        if not self._settings.has_privileged_port:
            return {}
        # It applies to all containers of the task:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SystemControl.html
        return {"systemControls": [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]}

    def _gpus(self) -> dict[str, Any]:
        gpus = self._settings.gpus
        return {"resourceRequirements": [{"type": "GPU", "value": str(gpus)}]} if gpus else {}

    def _log_configuration(self, *, routed: bool) -> dict[str, Any]:
        settings = self._settings
        if routed and any(sidecar.log_router for sidecar in self._sidecars.values()):
            options = {key: value for key, value in settings.log_options.items() if value}
            return {"logDriver": "awsfirelens", **({"options": options} if options else {})}
        return log_configuration(settings, self._platform)

    def _health_check(self, container: ServiceSettings | Sidecar) -> dict[str, Any]:
        if not container.health_check_command:
            return {}
        return {
            "command": list(container.health_check_command),
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": min(self._settings.health_check_grace_period_seconds, 300),
        }

    def _credentials(self, name: str, container: ServiceSettings | Sidecar) -> dict[str, Any]:
        """Return the secret with which ECS logs in to a private registry; ECR uses the execution role."""
        if container.registry_credentials is None or self._images[name].repository_arn is not None:
            return {}
        return {"credentialsParameter": self._secrets.value_from(container.registry_credentials)}


def _owner_options(user: str | None) -> list[str]:
    """Return the mount options that make the container's user own a tmpfs folder, if the user is a number.

    runc before 1.1.8 ignores `mode` for the mode of the image's folder, to which only the owner has access
    (opencontainers/runc#3911).
    """
    uid, _, gid = (user or "").partition(":")
    return [f"{option}={value}" for option, value in (("uid", uid), ("gid", gid)) if value.isdecimal()]


def log_configuration(settings: ServiceSettings, platform: Platform) -> dict[str, Any]:
    """Return the configuration of logs that go to the stack's log group."""
    options: dict[str, Any] = {
        "awslogs-group": platform.log_group_name,
        "awslogs-region": platform.account.region,
        "awslogs-stream-prefix": settings.name,
        "mode": settings.log_mode,
    }
    if settings.log_mode == "non-blocking":
        options["max-buffer-size"] = f"{settings.log_buffer_mib}m"
    return {"logDriver": "awslogs", "options": options}
