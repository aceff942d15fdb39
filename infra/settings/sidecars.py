"""Containers beside the app in each task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from infra.settings.model import ONCE, Command, Fault, FaultsError, Model, Pattern, Word
from infra.settings.names import ImageReference
from infra.settings.variables import (
    ContainerEnvironment,
    ContainerSecrets,
    EnvironmentFiles,
    PublicVariables,
    SecretArn,
    rules_of_variables,
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
_UserLimit = Annotated[int, Field(ge=0, le=2**31 - 1)]
UserLimits = dict[
    Annotated[
        str,
        Pattern(
            "one of the limits of Docker's ulimit, such as nofile",
            "core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack",
        ),
    ],
    _UserLimit,
]
SMALL_TMP: Final[Mapping[str, int]] = {"/tmp": 64}  # noqa: S108 - in the container


def _health_check_command(command: tuple[str, ...]) -> tuple[str, ...]:
    if command and (command[0] not in ("CMD", "CMD-SHELL") or len(command) == 1):
        raise FaultsError(Fault("CMD or CMD-SHELL and then the command itself; or [] for none"))
    return command


HealthCheckCommand = Annotated[tuple[Word, ...], AfterValidator(_health_check_command)]


_User = Annotated[
    str, Pattern("a name or uid, with :group if need be", r"[a-z0-9_][a-z0-9_-]*(?::[a-z0-9_-]+)?")
]
_Capability = Annotated[str, Pattern("a Linux capability, or ALL", "[A-Z_]+")]


def or_defaults(value: object) -> object:
    """Return the defaults for `true`, and none for what is empty."""
    return {} if value is True else value or None


class LogRouter(Model):
    """A FireLens log router.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html
    """

    type: Literal["fluentbit", "fluentd"] = "fluentbit"
    """What runs in the container."""
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
    memory: Annotated[int, Field(ge=6, le=249_856)] | None = None
    """MiB of memory above which it is killed; empty for the task's limit."""
    memory_reservation: Annotated[int, Field(ge=6, le=249_856)] | None = None
    """MiB of memory reserved for it."""
    user: (
        Annotated[
            str, Pattern("a name or uid, with :group if need be", r"[a-z0-9_][a-z0-9_-]*(?::[a-z0-9_-]+)?")
        ]
        | None
    ) = None
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
    drop_capabilities: Annotated[
        tuple[Annotated[str, Pattern("a Linux capability, or ALL", "[A-Z_]+")], ...], ONCE
    ] = ("ALL",)
    """Linux capabilities that are removed from it."""
    tmpfs: Tmpfs = Field(default_factory=lambda: dict(SMALL_TMP))
    """Folders in memory, by path, with their size in MiB."""
    volumes: dict[Word, AbsolutePath] = Field(default_factory=dict)
    """Where the service's `volumes` are in this container, by name."""
    ulimits: UserLimits = Field(default_factory=dict)
    """Limits of the container's processes; Fargate accepts only `nofile`."""
    stop_timeout_seconds: int = Field(default=30, ge=2, le=120)
    """Time between SIGTERM and SIGKILL."""
    log_router: Annotated[LogRouter | None, BeforeValidator(or_defaults)] = None
    """FireLens: the app logs to this container, which sends the lines to the destination in the service's
    `log-options`; true for Fluent Bit."""

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables: those of local files, and over them its own."""
        return variables_of(self.environment_files, self.environment)

    def _rules(self) -> Iterator[Fault]:
        yield from rules_of_variables(
            self.environment, self.environment_files, self.secrets, self.public_variables
        )
        if self.memory and self.memory_reservation and self.memory_reservation > self.memory:
            most = f"at most the `memory`, {self.memory}"
            yield Fault(most, ("memory-reservation",), self.memory_reservation)


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


def rules_of_sidecars(
    app: str,
    app_depends_on: Mapping[str, str],
    sidecars: Mapping[str, Sidecar],
    *,
    app_has_health_check: bool,
) -> Iterator[Fault]:
    """Yield what is wrong between the containers of a task."""
    checked = {name: bool(one.health_check_command) for name, one in sidecars.items()}
    checked[app] = app_has_health_check
    waits: dict[str, Mapping[str, str]] = {name: one.depends_on for name, one in sidecars.items()}
    waits[app] = app_depends_on
    if app in sidecars:
        yield Fault("another name than the service's own container", ("sidecars", app), app)
        return
    for name, conditions in waits.items():
        place = ("depends-on",) if name == app else ("sidecars", name, "depends-on")
        for other, condition in conditions.items():
            if other == name or other not in waits:
                others = ", ".join(one for one in waits if one != name) or "no other"
                yield Fault(f"containers of the task: {others}", place, other)
            elif condition == "healthy" and not checked[other]:
                check = f"start, or a `health-check-command` for {other}, which has none"
                yield Fault(check, (*place, other), condition)
            elif condition in ("complete", "success") and (other == app or sidecars[other].essential):
                ends = f"start or healthy, or `essential: false` for {other}: when it ends, so does the task"
                yield Fault(ends, (*place, other), condition)
    if circle := _circle(waits):
        yield Fault("no circle, or the task never starts", ("sidecars",), " → ".join(circle))
    routers = [name for name, one in sidecars.items() if one.log_router]
    for name in routers[1:]:
        yield Fault(f"one log router in a task; {routers[0]} is one", ("sidecars", name, "log-router"), True)


def _circle(waits: Mapping[str, Mapping[str, Any]]) -> list[str]:
    done: set[str] = set()
    none: list[str] = []

    def follow(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name not in done:
            for other in waits.get(name, ()):
                if found := follow(other, [*way, name]):
                    return found
            done.add(name)
        return []

    return next((found for name in waits if (found := follow(name, []))), none)
