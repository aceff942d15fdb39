"""Settings and arguments to start from, for tests that vary one thing."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from infra.ecs_roles import InfrastructureRole
from infra.image_reference import DeployableImage
from infra.rollout.clients import Clients
from infra.rollout.migration import Migrations
from infra.service import ServiceArgs
from infra.settings import (
    AlarmSettings,
    AutoscalingSettings,
    CapacityProvider,
    ClusterSettings,
    ImageSettings,
    LoadBalancerSettings,
    NetworkSettings,
    ProviderSettings,
    RolloutSettings,
    ServiceSettings,
)
from infra.strategy import TrafficShift
from infra.task import Account, TaskDefinitionArgs
from tests.unit.infra.fake_cloud import ACCOUNT, DIGEST, REGION, REGISTRY

REPOSITORY_ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app"
LOG_GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:logs"
LOAD_BALANCER = "app/load-balancer/0123456789abcdef"
SPOT = CapacityProvider(capacity_provider="FARGATE_SPOT", weight=3, base=0)
ON_DEMAND = CapacityProvider(capacity_provider="FARGATE", weight=1, base=1)


class Holder(pulumi.ComponentResource):
    """Somebody else's component, with a provider, around the one that is tested."""

    def __init__(self, name: str = "holder") -> None:
        provider = aws.Provider(f"{name}-aws", region=REGION)
        super().__init__(
            "test:index:Holder",
            name,
            None,
            pulumi.ResourceOptions(providers=[provider]),
        )


def held(name: str = "holder") -> pulumi.ResourceOptions:
    """Options as a caller gives them."""
    return pulumi.ResourceOptions(parent=Holder(name))


def provider_settings(**changes: Any) -> ProviderSettings:
    return ProviderSettings(
        **{
            "region": REGION,
            "profile": None,
            "assume_role_arn": None,
            "permissions_boundary": None,
            "tags": {},
            **changes,
        },
    )


def network_settings(**changes: Any) -> NetworkSettings:
    return NetworkSettings(
        **{
            "existing": None,
            "cidr": "10.0.0.0/16",
            "availability_zones": 2,
            "nat": "single",
            "ipv6": False,
            "egress": (),
            **changes,
        },
    )


def image_settings(**changes: Any) -> ImageSettings:
    return ImageSettings(
        **{
            "app_path": "app",
            "build_args": {},
            "architecture": "arm64",
            "repository": None,
            "image_from": None,
            "image": None,
            "retained_images": 30,
            **changes,
        },
    )


def cluster_settings(**changes: Any) -> ClusterSettings:
    return ClusterSettings(
        **{"container_insights": "enabled", "capacity_provider_strategy": (ON_DEMAND, SPOT), **changes},
    )


def load_balancer_settings(**changes: Any) -> LoadBalancerSettings:
    return LoadBalancerSettings(
        **{
            "domain": None,
            "zone": None,
            "idle_timeout_seconds": 60,
            "tls_policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            "deletion_protection": False,
            "test_cidrs": (),
            **changes,
        },
    )


def rollout_settings(strategy: str = "rolling", **changes: Any) -> RolloutSettings:
    return RolloutSettings(
        **{
            "strategy": strategy,
            "two_target_groups": strategy != "rolling",
            "canary_percent": 25,
            "canary_minutes": 10,
            "step_percent": 20,
            "step_minutes": 5,
            "bake_minutes": 7,
            "hooks": (),
            **changes,
        },
    )


def alarm_settings(**changes: Any) -> AlarmSettings:
    return AlarmSettings(
        **{
            "error_percent": 5,
            "minimum_requests": 20,
            "p99_milliseconds": 1500,
            "unhealthy_tasks": 1,
            "period_seconds": 60,
            "periods": 3,
            "extra": (),
            **changes,
        },
    )


def autoscaling_settings(**changes: Any) -> AutoscalingSettings:
    return AutoscalingSettings(
        **{
            "min_count": 1,
            "max_count": 4,
            "cpu_percent": 60,
            "memory_percent": 75,
            "requests_per_target": 0,
            "scale_in_seconds": 300,
            "scale_out_seconds": 60,
            "time_zone": "Europe/Berlin",
            "schedule": (),
            **changes,
        },
    )


def service_settings(**changes: Any) -> ServiceSettings:
    return ServiceSettings(
        **{
            "name": "web",
            "host": "www.example.com",
            "path_prefix": None,
            "priority": 50_000,
            "image": None,
            "architecture": "arm64",
            "cpu": 256,
            "memory": 512,
            "desired_count": 2,
            "container_port": 3000,
            "user": "1000",
            "command": (),
            "environment": {},
            "secrets": {},
            "execute_command": False,
            "task_role_statements": (),
            "health_check_path": "/readyz",
            "health_check_interval_seconds": 10,
            "health_check_command": ("CMD", "node", "health-check.js"),
            "health_check_grace_period_seconds": 30,
            "deregistration_delay_seconds": 20,
            "stop_timeout_seconds": 60,
            "deployment_minimum_healthy_percent": 100,
            "deployment_maximum_percent": 200,
            "rollout": rollout_settings(),
            "alarms": None,
            "autoscaling": None,
            "migration": None,
            "rollout_timeout_minutes": 20,
            "log_retention_days": 30,
            **changes,
        },
    )


def image(**changes: Any) -> DeployableImage:
    return DeployableImage(
        **{
            "reference": f"{REGISTRY}/app@{DIGEST}",
            "version": "0123456789abcdef",
            "repository_arn": REPOSITORY_ARN,
            **changes,
        },
    )


def account(**changes: Any) -> Account:
    return Account(
        **{"partition": "aws", "region": REGION, "id": ACCOUNT, "permissions_boundary": None, **changes}
    )


def task_args(settings: ServiceSettings | None = None, **changes: Any) -> TaskDefinitionArgs:
    return TaskDefinitionArgs(
        **{
            "settings": settings or service_settings(),
            "family": "node-on-ecs-dev-web",
            "environment": "dev",
            "image": image(),
            "idle_timeout_seconds": 60,
            "log_group_name": "logs",
            "log_group_arn": LOG_GROUP_ARN,
            "account": account(),
            **changes,
        },
    )


def service_args(settings: ServiceSettings | None = None, **changes: Any) -> ServiceArgs:
    return ServiceArgs(
        **{
            "task": task_args(settings),
            "cluster_arn": "arn:of:the:cluster",
            "cluster_name": "cluster",
            "capacity_provider_strategy": (ON_DEMAND, SPOT),
            "vpc_id": "vpc-1",
            "subnet_ids": ["subnet-1", "subnet-2"],
            "security_group_id": "sg-tasks",
            "assign_public_ip": False,
            "listener_arn": "arn:of:the:listener",
            "load_balancer_arn_suffix": LOAD_BALANCER,
            "migrations": Migrations(Clients(provider_settings())),
            **changes,
        },
    )


def traffic_shift() -> TrafficShift:
    """What services that move traffic share; to be called inside a program."""
    return TrafficShift(
        role=InfrastructureRole("infrastructure", account(), held("shared")),
        test_listener_arn="arn:of:the:test:listener",
    )
