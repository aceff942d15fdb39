"""Containers beside the app in each task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import ONCE, TRUE_FOR_DEFAULTS, Command, Model, Pattern, Word, checked
from infra.settings.names import ImageReference
from infra.settings.variables import (
    ContainerEnvironment,
    ContainerSecrets,
    EnvironmentFiles,
    PublicVariables,
    SecretArn,
    faults_of_variables,
    variables_of,
)

Condition = Literal["start", "healthy", "complete", "success"]

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
ContainerName = Annotated[
    str,
    Pattern(
        "the name of a container: lowercase letters, digits and hyphens, at most 63",
        r"[a-z0-9][a-z0-9-]{0,62}",
    ),
]
AbsolutePath = Annotated[
    str, Pattern("a path in the container that begins with /, and not / itself", r"/[^:\s]*[^:\s/]")
]
DependsOn = dict[ContainerName, Condition]
Tmpfs = dict[AbsolutePath, Annotated[int, Field(ge=1, le=65536)]]
UserLimits = dict[
    Annotated[
        str,
        Pattern(
            "one of the limits of Docker's ulimit, such as nofile",
            "core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack",
        ),
    ],
    Annotated[int, Field(ge=0, le=2**31 - 1)],
]
SMALL_TMP: Final[Mapping[str, int]] = {"/tmp": 64}  # noqa: S108 - in the container


def _without_form(command: tuple[str, ...]) -> Iterator[Fault]:
    if command and (command[0] not in ("CMD", "CMD-SHELL") or len(command) == 1):
        yield Fault((), "CMD or CMD-SHELL and then the command itself; or [] for none")


HealthCheckCommand = Annotated[tuple[Word, ...], checked(_without_form)]
_User = Annotated[
    str, Pattern("a name or uid, with :group if need be", r"[a-z0-9_][a-z0-9_-]*(?::[a-z0-9_-]+)?")
]
_Capability = Annotated[str, Pattern("a Linux capability, or ALL", "[A-Z_]+")]
_Memory = Annotated[int, Field(ge=6, le=249_856)]


class LogRouter(Model):
    """A FireLens log router.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html
    """

    type: Literal["fluentbit", "fluentd"] = "fluentbit"
    """Program in the container."""
    ecs_metadata: bool = True
    """Whether cluster, task and revision are added to each line."""
    config_file: Word | None = None
    """A configuration of your own: a path in the container's image, or the ARN of a file in S3 (not on
    Fargate); empty for none."""


class Sidecar(Model):
    """A container beside the app in each of its tasks; they reach each other on localhost."""

    image: ImageReference | None = None
    """Its image, by registry reference; empty for the service's own image with another command."""
    essential: bool = True
    """Whether the task ends when the container does."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port on which it listens."""
    cpu: int = Field(default=0, ge=0, le=32768)
    """CPU units reserved for it; 0 for a share of the task's."""
    memory: _Memory | None = None
    """MiB of memory above which it is killed; empty for the task's limit."""
    memory_reservation: _Memory | None = None
    """MiB of memory reserved for it."""
    user: _User | None = None
    """User that the container runs as; empty for the image's own."""
    entrypoint: Command = ()
    """Entry point; empty takes the image's own."""
    command: Command = ()
    """Command; empty takes the image's own."""
    environment: ContainerEnvironment = Field(default_factory=dict)
    """Environment variables."""
    environment_files: EnvironmentFiles = ()
    """Files of variables, from the project's root or in S3."""
    public_variables: PublicVariables = ()
    """Names in `environment` that look like secrets and are not."""
    secrets: ContainerSecrets = Field(default_factory=dict)
    """Environment variables taken from Secrets Manager or SSM."""
    registry_credentials: SecretArn | None = None
    """Secret with username and password for a private registry other than ECR."""
    health_check_command: HealthCheckCommand = ()
    """Command of ECS's health check in the container, in its form: CMD or CMD-SHELL first; empty for none."""
    depends_on: DependsOn = Field(default_factory=dict)
    """Containers that this one waits for, by name: until `start`, `healthy`, `complete` or `success`."""
    read_only_root_filesystem: bool = True
    """Whether the container can write only to `tmpfs` and `volumes`."""
    drop_capabilities: Annotated[tuple[_Capability, ...], ONCE] = ("ALL",)
    """Linux capabilities that are removed from it."""
    tmpfs: Tmpfs = Field(default_factory=lambda: dict(SMALL_TMP))
    """Folders in memory, by path, with their size in MiB."""
    volumes: dict[Word, AbsolutePath] = Field(default_factory=dict)
    """Where the service's `volumes` are in this container, by name."""
    ulimits: UserLimits = Field(default_factory=dict)
    """Limits of the container's processes; Fargate accepts only `nofile`."""
    stop_timeout_seconds: int = Field(default=30, ge=2, le=120)
    """Time between SIGTERM and SIGKILL."""
    log_router: Annotated[LogRouter | None, TRUE_FOR_DEFAULTS] = None
    """FireLens: the app logs to this container, which sends the lines to the destination in the service's
    `log-options`; true for Fluent Bit."""

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables: those of local files, overridden by `environment`."""
        return variables_of(self.environment_files, self.environment)

    def _rules(self) -> Iterator[Fault]:
        yield from faults_of_variables(
            self.environment, self.environment_files, self.secrets, self.public_variables
        )
        yield from self.ordered("memory-reservation", "memory")


class OpenTelemetry(Model):
    """An OpenTelemetry collector beside the app, which sends traces to X-Ray and metrics to CloudWatch."""

    # AWS's distribution: https://aws-otel.github.io/docs/setup/ecs
    image: ImageReference = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
    """The collector's image."""
    config: Word | None = None
    """SSM parameter or secret with a configuration of your own, as `secrets` takes it; empty for AWS's
    default: OTLP in, X-Ray and CloudWatch metrics out."""
    memory_reservation: int = Field(default=128, ge=32, le=4096)
    """MiB of memory reserved for it."""
