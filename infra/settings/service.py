"""One service: the stack's own, or a copy of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from infra.settings.alarms import AlarmSettings
from infra.settings.architecture import Architecture
from infra.settings.autoscaling import MOST_TASKS, AutoscalingSettings
from infra.settings.capacity import CapacityProvider, CapacityStrategy
from infra.settings.connect import ConnectSettings, DiscoverySettings
from infra.settings.fargate import MEMORY_BY_CPU, nearest_memory, sizes_for
from infra.settings.faults import CREDENTIALS
from infra.settings.image import ImageSettings
from infra.settings.model import (
    Fault,
    FaultsError,
    Model,
    Pattern,
    VariableName,
    Variables,
    Word,
    check,
)
from infra.settings.names import LAST_PRIORITY, ImageReference, ServiceName
from infra.settings.placement import PlacementConstraints, PlacementStrategies
from infra.settings.rollout import RolloutSettings
from infra.settings.schedules import Schedule, ScheduleName
from infra.settings.traffic import TrafficSettings

NetworkMode = Literal["auto", "awsvpc", "bridge", "host", "none"]

_SET_BY_TASK_DEFINITION: Final = frozenset(
    {"PORT", "ENVIRONMENT", "SERVICE_NAME", "IMAGE_VERSION", "IDLE_TIMEOUT_SECONDS", "STOP_TIMEOUT_SECONDS"},
)
_ONLY_EC2: Final = "for others let `capacity-provider-strategy` name a `capacity` of type ec2"
_USER: Final = r"(?:[a-z_][a-z0-9_-]*|[0-9]+)"
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
_LARGEST_DEFINITION: Final = 64 * 1024
_RESERVED: Final = 4 * 1024
_ARN: Final = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}"
_FULL_ARN: Final = (
    "the full ARN of a Secrets Manager secret, which ends in a hyphen and six characters "
    "(arn:aws:secretsmanager:…:secret:db-AbCdEf; `aws secretsmanager describe-secret` shows it)"
)
_Secret = Annotated[str, Pattern(f"{_FULL_ARN}; no `*`, and never the secret itself", _ARN)]
_SecretOrParameter = Annotated[
    str,
    Pattern(
        f"{_FULL_ARN}, or of an SSM parameter (arn:aws:ssm:…:parameter/…); no `*`, and never the secret "
        "itself",
        rf"{_ARN}(?::[^\s:]*:[^\s:]*:[^\s:]*)?"
        r"|arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/[\w./-]+(?::[\w.-]+)?",
    ),
]
_EVERY_RESOURCE: Final = re.compile(r"\*|(?:[^:]*:){5}\*")


class Statement(Model):
    """Something that the app may do on AWS."""

    actions: Annotated[
        tuple[
            Annotated[
                str,
                Pattern(
                    "an action such as s3:GetObject; `*` alone is more than any app needs",
                    r"[a-z0-9-]+:[A-Za-z0-9*?]+",
                ),
            ],
            ...,
        ],
        Field(min_length=1),
    ]
    """What."""
    resources: Annotated[
        tuple[
            Annotated[str, Pattern("an ARN, or `*`", r"\*|arn:aws[a-z-]*:[a-z0-9-]+:[^\s:]*:[^\s:]*:\S+")],
            ...,
        ],
        Field(min_length=1),
    ]
    """On what."""

    def _rules(self) -> Iterator[Fault]:
        whole = [action for action in self.actions if action.endswith(":*")]
        for index, resource in enumerate(self.resources):
            if whole and _EVERY_RESOURCE.fullmatch(resource):
                much = f"what the app needs, or single actions: {whole[0]} on everything is too much"
                yield Fault(much, ("resources", index), resource)


class Migration(Model):
    """What runs once with a new image, before its service changes."""

    command: tuple[Word, ...] = Field(min_length=1)
    """What the container runs instead."""
    timeout_minutes: int = Field(default=15, ge=1, le=1440)
    """How long it may take."""


def _environment(variables: dict[str, str]) -> dict[str, str]:
    own = "no credentials, the app gets its own from the task role: see `task-role-statements`"
    check(Fault(own, (name,), value) for name, value in variables.items() if name in CREDENTIALS)
    return _ours_apart(variables)


def _ours_apart(variables: dict[str, str]) -> dict[str, str]:
    ours = "another name; the task definition sets this one itself"
    check(Fault(ours, (name,), variables[name]) for name in variables if name in _SET_BY_TASK_DEFINITION)
    return variables


def _health_check_command(command: tuple[str, ...]) -> tuple[str, ...]:
    if command and (command[0] not in ("CMD", "CMD-SHELL") or len(command) == 1):
        raise FaultsError(Fault("CMD or CMD-SHELL and then the command itself; or [] for none"))
    return command


class ServiceSettings(TrafficSettings):
    """One service: the stack's main one, one beside it, or a multidev copy."""

    name: ServiceName = "web"
    """Name of the service; fixed once the stack is up."""
    architecture: Architecture = "arm64"
    """Processor of image and tasks."""
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size
    cpu: int = Field(default=256, ge=128, le=196_608)
    """CPU units of a task, 1024 for one vCPU; on Fargate with `memory` a pair that it has, elsewhere any."""
    memory: int = Field(default=512, ge=1, le=24 * 1024**2)
    """Memory of a task in MiB."""
    gpus: int = Field(default=0, ge=0, le=16)
    """GPUs of a task; only on capacity that has some, see docs/compute.md."""
    capacity_provider_strategy: CapacityStrategy = (CapacityProvider(capacity_provider="FARGATE", weight=1),)
    """Where tasks run: a weight for each capacity provider, and for one of them a base that it gets first.
    FARGATE_SPOT has no fallback of its own: alone, no task starts while AWS has no spare capacity."""
    network_mode: NetworkMode = "auto"
    """How tasks are connected: `auto` is awsvpc, an address for each task, and bridge outside AWS. EC2
    instances take bridge, with ports that Docker chooses, host and none too; see docs/compute.md."""
    placement_strategies: PlacementStrategies = ()
    """How ECS chooses among EC2 instances, step by step; empty spreads over zones."""
    placement_constraints: PlacementConstraints = ()
    """Which instances may run the tasks at all; not on Fargate."""
    desired_count: int = Field(default=1, ge=0, le=MOST_TASKS)
    """Number of tasks."""
    container_port: int = Field(default=3000, ge=1024, le=65535)
    """Port on which the app listens."""
    user: Annotated[
        str,
        Pattern(
            "a name or uid, with :group if need be, that is not root and not 0",
            rf"(?!(?:root|0+)(?::|$)){_USER}(?::{_USER})?",
        ),
    ] = "1000"
    """User that the container runs as, a name or uid[:gid]; not root."""
    command: tuple[Word, ...] = ()
    """Command of the container; empty takes the image's own."""
    environment: Annotated[Variables, AfterValidator(_environment)] = Field(default_factory=dict)
    """Environment variables of the app, for all to see; what is secret goes into `secrets`."""
    secrets: Annotated[dict[VariableName, _SecretOrParameter], AfterValidator(_ours_apart)] = Field(
        default_factory=dict
    )
    """Environment variables taken from Secrets Manager or SSM parameters, by ARN."""
    registry_credentials: _Secret | None = None
    """Secret with username and password for images of a private registry other than ECR."""
    execute_command: bool = False
    """ECS Exec, a shell in a running task for debugging; makes the container's file system writable, see
    docs/configuration.md."""
    task_role_statements: tuple[Statement, ...] = ()
    """What the app itself may do on AWS, as IAM statements."""
    health_check_command: Annotated[tuple[Word, ...], AfterValidator(_health_check_command)] = (
        *("CMD", "node", "health-check.js"),
    )
    """Health check inside the container, as ECS wants it; empty for none."""
    health_check_grace_period_seconds: int = Field(default=30, ge=0, le=2**31 - 1)
    """How long a new task may fail its health checks; longer than a cold start."""
    stop_timeout_seconds: int = Field(default=60, ge=2, le=120)
    """Time between SIGTERM and SIGKILL."""
    deployment_minimum_healthy_percent: int = Field(default=100, ge=0, le=100)
    """Share of the desired count that keeps running during a deployment."""
    # With 100, ECS refuses to balance tasks between zones.
    deployment_maximum_percent: int = Field(default=200, ge=101, le=400)
    """Share of the desired count that may run during a deployment."""
    rollout: RolloutSettings = RolloutSettings()
    """How a new version takes over; see docs/strategies.md."""
    alarms: AlarmSettings = AlarmSettings()
    """When a deployment is rolled back; a threshold of 0 is none."""
    autoscaling: AutoscalingSettings = AutoscalingSettings()
    """Bounds for the number of tasks, and what to keep it by; a target of 0 is none."""
    migration: Annotated[Migration | None, BeforeValidator(lambda value: value or None)] = None
    """What runs once as a task of the new image before a service changes; must be repeatable."""
    schedules: dict[ScheduleName, Schedule] = Field(default_factory=dict)
    """Tasks that start by the clock, by name: the service's own, with another command. With
    `desired-count: 0` and `exposure: none` the service exists for them alone. Copies are not scheduled unless
    they say so; see docs/services.md."""
    connect: ConnectSettings = ConnectSettings()
    """How the service reaches others, and they it, by ECS Service Connect; see docs/services.md."""
    discovery: DiscoverySettings = DiscoverySettings()
    """A name for the service's tasks in a private DNS zone, for whoever cannot use Service Connect."""
    rollout_timeout_minutes: int = Field(default=20, ge=1, le=1440)
    """How long a service may take to run a new version, beside what its strategy and alarms wait for on
    purpose; then the update fails."""
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    log_retention_days: Literal[
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
        1096, 1827, 2192, 2557, 2922, 3288, 3653,
    ] = 30  # fmt: skip
    """How long the logs are kept."""
    host: str | None = Field(default=None, exclude=True)
    """Host header that the listener rule matches; None without a domain."""
    path_prefix: str | None = Field(default=None, exclude=True)
    """Without a domain, what a copy's paths begin with (`/alice`); None for the main service."""
    priority: int = Field(default=LAST_PRIORITY, ge=1, le=LAST_PRIORITY, exclude=True)
    """Listener rule priority."""
    image: ImageReference | None = Field(default=None, exclude=True)
    """A ready image that overrides the stack's, by registry reference."""
    source: ImageSettings | None = Field(default=None, exclude=True)
    """Where the service's own image comes from; None for one that runs the main service's."""
    image_of: str | None = Field(default=None, exclude=True)
    """Name of the service for which that image is made: a copy runs its original's."""

    @property
    def first_path(self) -> str:
        """What comes before the first wildcard of the service's first path; empty for one that has all."""
        return re.split(r"[*?]", self.paths[0], maxsplit=1)[0] if self.paths else ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that requests for the service are addressed to; empty for all."""
        return (self.host, *self.aliases) if self.host else ()

    @property
    def path_patterns(self) -> tuple[str, ...]:
        """The paths of requests for the service, as the load balancer sees them; empty for all."""
        prefix = self.path_prefix or ""
        if self.paths:
            return tuple(f"{prefix}{path}" for path in self.paths)
        return (prefix, f"{prefix}/*") if prefix else ()

    @property
    def port(self) -> int:
        """The port of the network load balancer, for a service that is behind one."""
        return self.listener_port or self.container_port

    @property
    def is_on_fargate(self) -> bool:
        """Whether its tasks run on Fargate; ECS mixes that with nothing else."""
        return all(line.is_fargate for line in self.capacity_provider_strategy)

    @property
    def most_vcpus(self) -> float:
        """How many Fargate vCPUs the service may take at once: at its most tasks, in mid-deployment."""
        if not self.is_on_fargate:
            return 0
        count = self.autoscaling.counts[-1] if self.autoscaling.enabled else self.desired_count
        percent = self.deployment_maximum_percent if self.rollout.strategy == "rolling" else 200
        return count * percent // 100 * self.cpu / 1024

    @property
    def rollout_seconds(self) -> float:
        """How long a deployment may take, with all that its strategy and its alarms wait for on purpose."""
        # ECS calls a rolling deployment done when its alarms have had the time to go off; for the others
        # there is a bake time instead.
        watched = self.alarms.seconds if self.rollout.strategy == "rolling" and self.alarms.enabled else 0
        return (self.rollout_timeout_minutes + self.rollout.planned_minutes) * 60 + watched

    def _rules(self) -> Iterator[Fault]:
        yield from super()._rules()
        count = self.desired_count
        if self.is_on_fargate:
            yield from self._rules_of_fargate()
        if self.network_mode == "none":
            yield from self._rules_without_a_network()
        for name in filter(self.secrets.__contains__, self.environment):
            twice = "another name, or none in `secrets`, which sets it too"
            yield Fault(twice, ("environment", name), self.environment[name])
        variables = [{"name": name, "value": value} for name, value in self.environment.items()]
        secrets = [{"name": name, "valueFrom": arn} for name, arn in self.secrets.items()]
        size = len(json.dumps([variables, secrets], separators=(",", ":")).encode())
        if size > _LARGEST_DEFINITION - _RESERVED:
            yield Fault(
                f"fewer or shorter ones: with `secrets` they take {size} bytes, and a task definition holds "
                f"{_LARGEST_DEFINITION}, of which {_RESERVED} are reserved for all else",
                ("environment",),
                f"{len(variables)} variables",
            )
        if self.exposure != "http" and self.rollout.has_two_target_groups:
            # Behind a network load balancer ECS waits ten minutes at each shift, and changes listeners:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html
            key = "strategy" if self.rollout.strategy != "rolling" else "two-target-groups"
            value = getattr(self.rollout, key.replace("-", "_"))
            allowed = "rolling" if key == "strategy" else "false"
            only = f"{allowed}, or `exposure: http`: traffic moves between versions by listener rules"
            yield Fault(only, ("rollout", key), value)
        scaling = self.autoscaling
        if self.exposure != "http" and scaling.enabled and scaling.requests_per_target:
            none = "0, or `exposure: http`: only an application load balancer counts requests"
            yield Fault(none, ("autoscaling", "requests-per-target"), scaling.requests_per_target)
        if scaling.enabled and not scaling.min_count <= count <= scaling.max_count:
            bounds = f"from {scaling.min_count} to {scaling.max_count}, the bounds of `autoscaling`"
            yield Fault(bounds, ("desired-count",), count)
        else:
            yield from self._stuck_deployments(scaling.counts if scaling.enabled else range(count, count + 1))
        keys, minutes = self.rollout.watched
        moves = self.rollout.strategy != "rolling"
        if self.alarms.enabled and moves and self.alarms.seconds > minutes * 60:
            yield Fault(
                f"less: {self.alarms.periods} periods of {self.alarms.period_seconds} seconds are longer "
                f"than the {minutes} minutes ({keys}) in which the {self.rollout.strategy} deployment of "
                f"{self.name} watches the new version",
                ("alarms", "periods"),
                self.alarms.periods,
            )

    def _rules_without_a_network(self) -> Iterator[Fault]:
        path = ("network-mode",)
        if self.exposure != "none":
            unreachable = "another mode, or `exposure: none`: nothing reaches a container without a network"
            yield Fault(unreachable, path, "none")
        for key, needs in (("discovery", self.discovery.enabled), ("execute-command", self.execute_command)):
            if needs:
                yield Fault(f"another mode, or no `{key}`, which needs a network", path, "none")

    def _rules_of_fargate(self) -> Iterator[Fault]:
        cpu, memory = self.cpu, self.memory
        if cpu not in MEMORY_BY_CPU:
            yield Fault(f"one of {', '.join(map(str, MEMORY_BY_CPU))}, for Fargate", ("cpu",), cpu)
        elif memory not in MEMORY_BY_CPU[cpu]:
            yield Fault(
                f"cpu {cpu} and memory {memory} are no Fargate size; with cpu {cpu} memory is "
                f"{sizes_for(cpu)}, the nearest is {nearest_memory(cpu, memory)}",
                ("memory",),
                memory,
            )
        if self.network_mode not in ("auto", "awsvpc"):
            yield Fault(f"awsvpc, or auto: {_ONLY_EC2}", ("network-mode",), self.network_mode)
        if self.gpus:
            yield Fault(f"0: Fargate has no GPUs; {_ONLY_EC2}", ("gpus",), self.gpus)
        for key in ("placement-strategies", "placement-constraints"):
            if items := getattr(self, key.replace("-", "_")):
                yield Fault(
                    f"none: Fargate has no instances to choose; {_ONLY_EC2}", (key,), f"{len(items)} items"
                )

    def _stuck_deployments(self, counts: range) -> Iterator[Fault]:
        """Yield percentages with which a deployment could neither stop an old task nor start a new one.

        ECS rounds the minimum up and the maximum down:
        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
        """
        minimum, maximum = self.deployment_minimum_healthy_percent, self.deployment_maximum_percent
        for count in counts:
            if count and -(-count * minimum // 100) >= count >= count * maximum // 100:
                yield Fault(
                    f"{-(-100 * (count + 1) // count)} or more, or a lower "
                    f"`deployment-minimum-healthy-percent`: with a minimum of {minimum} and a desired count "
                    f"of {count} a deployment of {self.name} could neither stop an old task nor start a new "
                    "one",
                    ("deployment-maximum-percent",),
                    maximum,
                )
                return
