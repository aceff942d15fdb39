"""The keys of one service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from infra.settings.autoscaling import MOST_TASKS, AutoscalingSettings
from infra.settings.capacity import Architecture, CapacityProvider, CapacityStrategy
from infra.settings.connect import ConnectSettings, DiscoverySettings
from infra.settings.faults import Fault
from infra.settings.image import ImageSettings
from infra.settings.model import (
    EMPTY_FOR_NONE,
    ONCE,
    TRUE_FOR_DEFAULTS,
    Allowed,
    Command,
    Model,
    Pattern,
    PlainText,
    Word,
    resource_id,
)
from infra.settings.names import LAST_PRIORITY, ImageReference, Priority, ServiceName
from infra.settings.placement import PlacementConstraints, PlacementStrategies
from infra.settings.rollout import AlarmSettings, RolloutSettings
from infra.settings.schedules import Schedule, ScheduleName
from infra.settings.sidecars import (
    SMALL_TMP,
    ContainerName,
    DependsOn,
    HealthCheckCommand,
    OpenTelemetry,
    Sidecar,
    Tmpfs,
    UserLimits,
)
from infra.settings.storage import Volume, VolumeName
from infra.settings.traffic import TrafficSettings
from infra.settings.variables import (
    AppEnvironment,
    AppSecrets,
    EnvironmentFiles,
    KmsKey,
    PublicVariables,
    SecretArn,
    variables_of,
)

NetworkMode = Literal["auto", "awsvpc", "bridge", "host", "none"]

_USER: Final = r"(?:[a-z_][a-z0-9_-]*|[0-9]+)"
_LAST_PRIVILEGED_PORT: Final = 1023
_EVERY_RESOURCE: Final = re.compile(r"\*|(?:[^:]*:){5}\*")

_Action = Annotated[
    str,
    Pattern(
        "an action such as s3:GetObject; `*` alone is more than any app needs", r"[a-z0-9-]+:[A-Za-z0-9*?]+"
    ),
]
_ResourceArn = Annotated[str, Pattern("an ARN, or `*`", r"\*|arn:aws[a-z-]*:[a-z0-9-]+:[^\s:]*:[^\s:]*:\S+")]


class Statement(Model):
    """AWS actions that the app may use."""

    actions: tuple[_Action, ...] = Field(min_length=1)
    """What."""
    resources: tuple[_ResourceArn, ...] = Field(min_length=1)
    """On what."""

    def _rules(self) -> Iterator[Fault]:
        all_actions = [action for action in self.actions if action.endswith(":*")]
        for index, resource in enumerate(self.resources):
            if all_actions and _EVERY_RESOURCE.fullmatch(resource):
                narrower = (
                    f"what the app needs, or single actions: {all_actions[0]} on everything is too much"
                )
                yield Fault(("resources", index), narrower)


class Migration(Model):
    """A task that runs once with a new image, before its service changes."""

    command: tuple[Word, ...] = Field(min_length=1)
    """The command."""
    timeout_minutes: int = Field(default=15, ge=1, le=1440)
    """How long it may take."""


def _check_ephemeral_storage(size: int) -> int:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html
    if size and size not in range(21, 201):
        raise ValueError(size)
    return size


class ServiceKeys(TrafficSettings):
    """The keys of one service, each checked alone."""

    name: ServiceName = "web"
    """Name of the service; it cannot change once the stack exists: the renamed service would need a second
    record for its host, which Route 53 refuses."""
    architecture: Architecture = "arm64"
    """Processor of image and tasks."""
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size
    cpu: int = Field(default=256, ge=128, le=196_608)
    """CPU units of a task, 1024 for one vCPU; on Fargate `cpu` and `memory` must be one of its sizes,
    elsewhere they may be anything."""
    memory: int = Field(default=512, ge=1, le=24 * 1024**2)
    """Memory of a task in MiB."""
    gpus: int = Field(default=0, ge=0, le=16)
    """GPUs of a task; only on capacity with GPUs, see docs/compute.md."""
    capacity_provider_strategy: CapacityStrategy = (CapacityProvider(capacity_provider="FARGATE", weight=1),)
    """Where tasks run: a weight for each capacity provider, and for one of them a base that it gets first.
    FARGATE_SPOT has no fallback of its own: alone, no task starts while AWS has no spare capacity."""
    network_mode: NetworkMode = "auto"
    """How tasks are connected: `auto` means awsvpc (an address for each task), and bridge on machines outside
    AWS. On EC2 instances also bridge (with ports that Docker chooses), host and none; see docs/compute.md."""
    placement_strategies: PlacementStrategies = ()
    """How ECS chooses among EC2 instances, step by step; empty spreads over zones."""
    placement_constraints: PlacementConstraints = ()
    """Which instances may run the tasks at all; not on Fargate."""
    desired_count: int = Field(default=1, ge=0, le=MOST_TASKS)
    """Number of tasks."""
    container_port: int = Field(default=3000, ge=1, le=65535)
    """Port on which the app listens."""
    security_group_ids: Annotated[
        tuple[Annotated[str, resource_id("a security group", "sg")], ...], Field(max_length=4), ONCE
    ] = ()
    """More security groups for the tasks, such as one that a database accepts."""
    user: Annotated[
        str,
        Pattern(
            "a name or uid, with :group if need be, that is not root and not 0",
            rf"(?!(?:root|0+)(?::|$)){_USER}(?::{_USER})?",
        ),
    ] = "1000"
    """User that the container runs as, a name or uid[:gid]; not root."""
    entrypoint: Command = ()
    """Entry point of the container; empty takes the image's own."""
    command: Command = ()
    """Command of the container; empty takes the image's own."""
    environment: AppEnvironment = Field(default_factory=dict)
    """Environment variables of the app, in plain text; use `secrets` for secret values."""
    environment_files: EnvironmentFiles = ()
    """Files of variables (`NAME=value`): paths from the project's root, or ARNs of files in S3, which ECS
    reads; `environment` overrides them."""
    public_variables: PublicVariables = ()
    """Names in `environment` that look like secrets and are not."""
    secrets: AppSecrets = Field(default_factory=dict)
    """Environment variables taken from Secrets Manager (`secret:db:password`, or the ARN) or SSM parameters
    (`/app/db-url`, or the ARN)."""
    kms_keys: Annotated[tuple[KmsKey, ...], ONCE] = ()
    """ARNs of your own KMS keys with which secrets, parameters or registry credentials are encrypted."""
    registry_credentials: SecretArn | None = None
    """Secret with username and password for images of a private registry other than ECR."""
    execute_command: bool = False
    """ECS Exec, a shell in a running task for debugging; makes the container's file system writable, see
    docs/configuration.md."""
    task_role_statements: tuple[Statement, ...] = ()
    """What the app itself may do on AWS, as IAM statements."""
    health_check_command: HealthCheckCommand = ("CMD", "node", "health-check.js")
    """Command of ECS's health check in the container, in its form: CMD or CMD-SHELL first; empty for none."""
    health_check_grace_period_seconds: int = Field(default=30, ge=0, le=2**31 - 1)
    """How long a new task may fail its health checks; longer than a cold start."""
    stop_timeout_seconds: int = Field(default=60, ge=2, le=120)
    """Time between SIGTERM and SIGKILL."""
    tmpfs: Tmpfs = Field(default_factory=lambda: dict(SMALL_TMP))
    """Folders in memory that the app can write to, by path, with their size in MiB; the rest of its file
    system is read-only."""
    ephemeral_storage_gib: Annotated[
        int,
        Field(ge=0, le=200),
        AfterValidator(_check_ephemeral_storage),
        Allowed("a whole number from 21 to 200, or 0"),
    ] = 0
    """GiB of disk of a Fargate task, for images and scratch space; 0 for the 20 that are free."""
    volumes: dict[VolumeName, Volume] = Field(default_factory=dict)
    """Folders that survive the app's container, by name: EFS, EBS, or disk of the task that its containers
    share."""
    sidecars: dict[ContainerName, Sidecar] = Field(default_factory=dict)
    """Containers beside the app in each task, by name."""
    depends_on: DependsOn = Field(default_factory=dict)
    """Sidecars that the app waits for, by name: until `start`, `healthy`, `complete` or `success`."""
    ingress_container: ContainerName | None = None
    """Sidecar that gets the requests on its `port`, such as nginx in front of the app; empty for the app."""
    opentelemetry: Annotated[OpenTelemetry | None, TRUE_FOR_DEFAULTS, EMPTY_FOR_NONE] = None
    """OpenTelemetry collector beside the app; true for the default one."""
    log_mode: Literal["non-blocking", "blocking"] = "non-blocking"
    """If log lines come faster than they are sent: non-blocking drops lines, blocking lets the app wait."""
    log_buffer_mib: int = Field(default=25, ge=1, le=1024)
    """MiB of lines that may wait to be sent, with `log-mode` non-blocking."""
    log_options: dict[Word, PlainText] = Field(default_factory=dict)
    """Options of the log router's output, such as `Name: cloudwatch`; needs a sidecar with `log-router`."""
    ulimits: UserLimits = Field(default_factory=dict)
    """Limits of the app's processes, such as `nofile: 65536`; Fargate accepts only `nofile`."""
    deployment_minimum_healthy_percent: int = Field(default=100, ge=0, le=100)
    """Share of the desired count that keeps running during a deployment."""
    # With 100, ECS refuses to balance tasks between zones.
    deployment_maximum_percent: int = Field(default=200, ge=101, le=400)
    """Share of the desired count that may run during a deployment."""
    rollout: RolloutSettings = RolloutSettings()
    """How a new version replaces the old one; see docs/strategies.md."""
    alarms: AlarmSettings = AlarmSettings()
    """Alarms that roll a deployment back; a threshold of 0 means no such alarm."""
    autoscaling: AutoscalingSettings = AutoscalingSettings()
    """Bounds of the number of tasks, and targets by which it changes; a target of 0 is off."""
    migration: Annotated[Migration | None, EMPTY_FOR_NONE] = None
    """Command that runs once in a task of the new image before a service changes; it must be repeatable."""
    schedules: dict[ScheduleName, Schedule] = Field(default_factory=dict)
    """Scheduled tasks, by name: tasks of the service with another command. With `desired-count: 0` and
    `exposure: none` the service has no others. Copies have no schedules unless they set their own; see
    docs/services.md."""
    connect: ConnectSettings = ConnectSettings()
    """ECS Service Connect: how the service calls others and is called; see docs/services.md."""
    discovery: DiscoverySettings = DiscoverySettings()
    """Name for the service's tasks in a private DNS zone, for clients that cannot use Service Connect."""
    rollout_timeout_minutes: int = Field(default=20, ge=1, le=1440)
    """Minutes that a service may take to run a new version, beyond the planned time of its strategy and
    alarms; then the update fails."""
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    log_retention_days: Literal[
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
        1096, 1827, 2192, 2557, 2922, 3288, 3653,
    ] = 30  # fmt: skip
    """Days for which the logs are kept."""
    host: str | None = Field(default=None, exclude=True)
    """Host header that the listener rule matches; None without a domain."""
    path_prefix: str | None = Field(default=None, exclude=True)
    """Without a domain, what a copy's paths begin with (`/alice`); None for the main service."""
    priority: Priority = Field(default=LAST_PRIORITY, exclude=True)
    """Listener rule priority."""
    priority_prefix: str = Field(default="", exclude=True)
    """Prefix of names that priorities are computed from; the stack's, at a listener shared with others."""
    inherit_environment: bool = Field(default=True, exclude=True)
    """Under `services`: whether the service has the main one's `environment`, `environment-files`,
    `public-variables` and `secrets`, too."""
    image: ImageReference | None = Field(default=None, exclude=True)
    """A ready image that overrides the stack's, by registry reference."""
    source: ImageSettings | None = Field(default=None, exclude=True)
    """Where the service's own image comes from; None for one that runs the main service's."""
    copy_name: str | None = Field(default=None, exclude=True)
    """Name of the copy, or of the attached stack, that the service belongs to; None for the original."""
    image_of: str | None = Field(default=None, exclude=True)
    """Name of the service whose `source` that is: a copy runs its original's image."""

    @property
    def variables(self) -> dict[str, str]:
        """The app's environment variables: those of local files, overridden by `environment`."""
        return variables_of(self.environment_files, self.environment)

    @property
    def ingress(self) -> tuple[str, int]:
        """The container that receives the requests, and its port."""
        port = self.sidecars[self.ingress_container].port if self.ingress_container else None
        return self.ingress_container or self.name, port or self.container_port

    @property
    def has_privileged_port(self) -> bool:
        """Whether a container listens on a port that by default only root may use."""
        return min(self.container_port, self.ingress[1]) <= _LAST_PRIVILEGED_PORT

    @property
    def first_path(self) -> str:
        """The service's first path up to its first wildcard; empty without paths."""
        return re.split(r"[*?]", self.paths[0], maxsplit=1)[0] if self.paths else ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names of requests for the service; empty for all."""
        return (self.host, *self.aliases) if self.host else ()

    @property
    def path_patterns(self) -> tuple[str, ...]:
        """The paths of requests for the service, with its prefix; empty for all."""
        prefix = self.path_prefix or ""
        if self.paths:
            return tuple(f"{prefix}{path}" for path in self.paths)
        return (prefix, f"{prefix}/*") if prefix else ()

    @property
    def port(self) -> int:
        """The port at the network load balancer."""
        return self.listener_port or self.ingress[1]

    @property
    def is_on_fargate(self) -> bool:
        """Whether its tasks run on Fargate, which ECS mixes with nothing else."""
        return all(line.is_fargate for line in self.capacity_provider_strategy)

    @property
    def counts(self) -> range:
        """The possible numbers of tasks, by load and by schedule."""
        if self.autoscaling.enabled:
            return self.autoscaling.counts
        return range(self.desired_count, self.desired_count + 1)

    @property
    def scales_to_zero(self) -> bool:
        """Whether its schedule scales it to no tasks and back."""
        return self.counts[0] == 0 and self.counts[-1] > 0

    @property
    def most_vcpus(self) -> float:
        """Most Fargate vCPUs that the service uses at once: all its tasks, during a deployment."""
        if not self.is_on_fargate:
            return 0
        count = self.counts[-1]
        percent = self.deployment_maximum_percent if self.rollout.strategy == "rolling" else 200
        return count * percent // 100 * self.cpu / 1024

    @property
    def rollout_seconds(self) -> float:
        """How long a deployment may take, including the waiting times of its strategy and alarms."""
        # ECS completes a rolling deployment when its alarms have had the time to go off; the other strategies
        # have a bake time instead.
        watched = self.alarms.seconds if self.rollout.strategy == "rolling" and self.alarms.enabled else 0
        return (self.rollout_timeout_minutes + self.rollout.planned_minutes) * 60 + watched
