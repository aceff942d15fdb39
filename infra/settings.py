"""The stack's configuration as one frozen value, and the only place that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi.runtime import get_config_env, get_config_secret_keys_env, is_config_secret

# `pulumi.Config` reads a key that one knows; a misspelt one is seen only by looking at all that are there.
from pulumi.runtime.config import CONFIG

Architecture = Literal["arm64", "x86_64"]
Nat = Literal["none", "single", "one-per-az"]
Strategy = Literal["rolling", "canary", "linear", "blue-green"]


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """Which account and region, and what every resource carries."""

    region: str
    profile: str | None
    assume_role_arn: str | None
    permissions_boundary: str | None
    """Policy that no role of the stack may exceed, by ARN."""
    tags: Mapping[str, str]
    """All default tags: Project, Stack, ManagedBy, and those of `tags`."""


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """Where the image comes from: built from `app_path`, another stack's, or ready."""

    app_path: str
    build_args: Mapping[str, str]
    architecture: Architecture
    repository: str | None
    image_from: str | None
    image: str | None
    retained_images: int


@dataclass(frozen=True, kw_only=True)
class EgressRule:
    """One thing that tasks may reach beside port 443."""

    port: int
    cidr: str
    description: str
    protocol: Literal["tcp", "udp"]


@dataclass(frozen=True, kw_only=True)
class ExistingVpc:
    """A VPC that is already there."""

    vpc_id: str
    public_subnet_ids: tuple[str, ...]
    private_subnet_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """The network to make, or the one to use."""

    existing: ExistingVpc | None
    cidr: str
    availability_zones: int
    nat: Nat
    ipv6: bool
    egress: tuple[EgressRule, ...]


@dataclass(frozen=True, kw_only=True)
class CapacityProvider:
    """One line of a capacity provider strategy."""

    capacity_provider: Literal["FARGATE", "FARGATE_SPOT"]
    weight: int
    base: int


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """The cluster and what its services run on."""

    container_insights: Literal["disabled", "enabled", "enhanced"]
    capacity_provider_strategy: tuple[CapacityProvider, ...]


@dataclass(frozen=True, kw_only=True)
class LoadBalancerSettings:
    """The load balancer and the names that lead to it."""

    domain: str | None
    zone: str | None
    idle_timeout_seconds: int
    tls_policy: str
    deletion_protection: bool
    test_cidrs: tuple[str, ...]
    """Who may reach the test listener, where a version answers before users see it."""


@dataclass(frozen=True, kw_only=True)
class RolloutHook:
    """What a deployment waits for at some of its stages: a Lambda function, or somebody who says go on."""

    stages: tuple[str, ...]
    lambda_arn: str | None
    """None pauses the deployment."""
    details: str | None
    """What the function is told, as JSON."""
    timeout_minutes: int
    """How long a pause may last."""
    on_timeout: Literal["rollback", "continue"]


@dataclass(frozen=True, kw_only=True)
class RolloutSettings:
    """How a new version takes over."""

    strategy: Strategy
    two_target_groups: bool
    """Whether there is a second target group: always, if traffic moves from one version to the other."""
    canary_percent: int
    canary_minutes: int
    step_percent: int
    step_minutes: int
    bake_minutes: int
    hooks: tuple[RolloutHook, ...]

    @property
    def shift_minutes(self) -> int:
        """How long traffic is shared between the versions, from the first request to the last."""
        if self.strategy == "canary":
            return self.canary_minutes
        if self.strategy == "linear":
            # The last step is the whole: it waits for nothing but the bake time.
            return (-(-100 // self.step_percent) - 1) * self.step_minutes
        return 0

    @property
    def planned_minutes(self) -> int:
        """How long a deployment waits on purpose; starting and stopping tasks comes on top."""
        if self.strategy == "rolling":
            return 0
        pauses = sum(hook.timeout_minutes * len(hook.stages) for hook in self.hooks if not hook.lambda_arn)
        return self.shift_minutes + self.bake_minutes + pauses


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """When a deployment is taken back; a threshold of 0 is none."""

    error_percent: int
    minimum_requests: int
    """Requests in one period from which on the share of errors counts."""
    p99_milliseconds: int
    unhealthy_tasks: int
    period_seconds: int
    periods: int
    extra: tuple[str, ...]
    """Names of alarms that somebody else made."""


@dataclass(frozen=True, kw_only=True)
class ScheduledCapacity:
    """Bounds that hold from a point in time on, until the next one."""

    name: str
    cron: str
    min_count: int
    max_count: int


@dataclass(frozen=True, kw_only=True)
class AutoscalingSettings:
    """Bounds for the number of tasks, and what moves it between them; a target of 0 is none."""

    min_count: int
    max_count: int
    cpu_percent: int
    memory_percent: int
    requests_per_target: int
    """In a minute."""
    scale_in_seconds: int
    scale_out_seconds: int
    time_zone: str
    schedule: tuple[ScheduledCapacity, ...]


@dataclass(frozen=True, kw_only=True)
class Migration:
    """What runs once with a new image, before its service changes."""

    command: tuple[str, ...]
    timeout_minutes: int


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """One service: the stack's own, or a multidev copy of it."""

    name: str
    """Names the ECS service, its target group and its log streams."""
    host: str | None
    """Host header that the listener rule matches; None without a domain."""
    path_prefix: str | None
    """Without a domain, what a copy's paths begin with (`/alice`); None for the main service."""
    priority: int
    """Listener rule priority, 1 to 50000."""
    image: str | None
    """A ready image that overrides the stack's, by registry reference."""
    architecture: Architecture
    cpu: int
    memory: int
    desired_count: int
    container_port: int
    user: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    execute_command: bool
    """Whether one can run a command in a task, by ECS Exec; its container is then less shut off."""
    task_role_statements: tuple[Mapping[str, object], ...]
    health_check_path: str
    health_check_interval_seconds: int
    health_check_command: tuple[str, ...]
    health_check_grace_period_seconds: int
    deregistration_delay_seconds: int
    stop_timeout_seconds: int
    deployment_minimum_healthy_percent: int
    deployment_maximum_percent: int
    rollout: RolloutSettings
    alarms: AlarmSettings | None
    autoscaling: AutoscalingSettings | None
    """With it `desired_count` is where a new service begins, and nothing more."""
    migration: Migration | None
    rollout_timeout_minutes: int
    log_retention_days: int

    @property
    def rollout_seconds(self) -> float:
        """How long a deployment may take, with all that its strategy and its alarms wait for on purpose."""
        watched = 0
        if self.rollout.strategy == "rolling" and self.alarms is not None:
            # ECS calls a rolling deployment done when its alarms have had the time to ring; for the others
            # there is a bake time instead.
            watched = self.alarms.period_seconds * self.alarms.periods
        return (self.rollout_timeout_minutes + self.rollout.planned_minutes) * 60 + watched


@dataclass(frozen=True, kw_only=True)
class AttachSettings:
    """The stack whose cluster, load balancer, network and image repository this one uses."""

    base: str
    """As a StackReference takes it, or its name alone."""
    expires: str | None
    """When the stack may be taken away, in UTC: `2026-11-24T12:00:00Z`; the program only says it on."""


@dataclass(frozen=True, kw_only=True)
class PreviewSettings:
    """How many stacks of pull requests may attach to this one, and for how long; for whoever makes them."""

    maximum: int
    lifetime_hours: int


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the program may know of the stack it makes."""

    environment: str
    """The stack's name, for tags and for the app to show; nothing branches on it."""
    protect: bool
    monthly_budget_usd: int | None
    """What the stack may cost; for whoever deploys it, the program itself does not look."""
    provider: ProviderSettings
    image: ImageSettings
    network: NetworkSettings
    cluster: ClusterSettings
    load_balancer: LoadBalancerSettings
    main: ServiceSettings
    multidev: tuple[ServiceSettings, ...]
    attach: AttachSettings | None
    """None for a stack that stands for itself."""
    preview_stacks: PreviewSettings

    @classmethod
    def load(cls) -> Settings:
        """Read the configuration of the stack that is being deployed.

        Raises:
            SettingsError: names everything that is wrong with it.
        """
        # They build what is declared above.
        from infra.config.parse import parse

        raw = {**get_config_env(), **CONFIG.get()}
        return parse(
            raw,
            project=pulumi.get_project(),
            stack=pulumi.get_stack(),
            secret_keys={*get_config_secret_keys_env(), *filter(is_config_secret, raw)},
        )

    @property
    def services(self) -> tuple[ServiceSettings, ...]:
        """The main service and its copies."""
        return (self.main, *self.multidev)

    @property
    def shifts_traffic(self) -> bool:
        """Whether a service has a second target group, and so needs a test listener and ECS a role."""
        return any(service.rollout.two_target_groups for service in self.services)
