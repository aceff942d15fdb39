"""Default settings and arguments, of which tests change single values."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from infra.account import Account
from infra.image.reference import DeployableImage
from infra.rollout.rollout import Rollout
from infra.service.containers import sidecars_of
from infra.service.platform import Platform, TrafficShift
from infra.service.roles import InfrastructureRole
from infra.service.service import Service
from infra.settings import (
    AlarmSettings,
    AutoscalingSettings,
    CapacityProvider,
    ImageSettings,
    ProviderSettings,
    RolloutSettings,
    ServiceSettings,
)
from tests.unit.infra.fake_cloud import ACCOUNT, DIGEST, REGION, REGISTRY
from tests.unit.infra.recorder import Graph, declare, once

REPOSITORY_ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app"
LOG_GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:logs"
LOAD_BALANCER = "app/load-balancer/0123456789abcdef"
SPOT = CapacityProvider(capacity_provider="FARGATE_SPOT", weight=3, base=0)
ON_DEMAND = CapacityProvider(capacity_provider="FARGATE", weight=1, base=1)


class ParentComponent(pulumi.ComponentResource):
    """A caller's component with a provider, the parent of the tested component."""

    def __init__(self, name: str = "parent") -> None:
        provider = aws.Provider(f"{name}-aws", region=REGION)
        super().__init__(
            "test:index:ParentComponent",
            name,
            None,
            pulumi.ResourceOptions(providers=[provider]),
        )


def child_options(name: str = "parent") -> pulumi.ResourceOptions:
    """Return options with a parent, as a caller passes them."""
    return pulumi.ResourceOptions(parent=ParentComponent(name))


def provider_settings(**changes: Any) -> ProviderSettings:
    return ProviderSettings(**{"region": REGION, **changes})


def image_settings(app_path: str = "app", **changes: Any) -> ImageSettings:
    """Return settings whose paths are not validated, so that they may be outside the project."""
    paths = {"app_path": app_path, "dockerfile": changes.pop("dockerfile", None)}
    return ImageSettings(**changes).model_copy(update=paths)


def rollout_settings(strategy: str = "rolling", **changes: Any) -> RolloutSettings:
    return RolloutSettings(**{"strategy": strategy, "bake_minutes": 7, **changes})


def alarm_settings(**changes: Any) -> AlarmSettings:
    return AlarmSettings(**{"p99_milliseconds": 1500, **changes})


def autoscaling_settings(**changes: Any) -> AutoscalingSettings:
    return AutoscalingSettings(**{"enabled": True, "time_zone": "Europe/Berlin", **changes})


def service_settings(**changes: Any) -> ServiceSettings:
    return ServiceSettings(
        **{
            "host": "www.example.com",
            "desired_count": 2,
            "capacity_provider_strategy": (ON_DEMAND, SPOT),
            "rollout": rollout_settings(),
            "alarms": AlarmSettings(enabled=False),
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
        **{
            "partition": "aws",
            "region": REGION,
            "id": ACCOUNT,
            "role_path": "/node-on-ecs-test/",
            "permissions_boundary": None,
            **changes,
        }
    )


def platform(**changes: Any) -> Platform:
    return Platform(
        **{
            "cluster_arn": "arn:of:the:cluster",
            "cluster_name": "cluster",
            "vpc_id": "vpc-1",
            "subnet_ids": ["subnet-1", "subnet-2"],
            "security_group_id": "sg-tasks",
            "assign_public_ip": False,
            "listener_arn": "arn:of:the:listener",
            "load_balancer_arn": f"arn:of:{LOAD_BALANCER}",
            "load_balancer_arn_suffix": LOAD_BALANCER,
            "load_balancer_dns_name": "lb.elb.amazonaws.com",
            "load_balancer_zone_id": "Z-OF-THE-LOAD-BALANCER",
            "idle_timeout_seconds": 60,
            "https": True,
            "zone_id": None,
            "file_system_ids": {"uploads": "fs-0123456789abcdef0"},
            "account": account(),
            "project": "node-on-ecs",
            "stack": "dev",
            "capacity": {},
            "provider_names": {},
            "log_group_name": "logs",
            "log_group_arn": LOG_GROUP_ARN,
            "rollout": Rollout(provider_settings()),
            **changes,
        },
    )


def traffic_shift() -> TrafficShift:
    """Declare what services with two target groups share."""
    return TrafficShift(
        role=InfrastructureRole("infrastructure", account(), child_options("shared")),
        test_listener_arn="arn:of:the:test:listener",
    )


def images_of(settings: ServiceSettings, app: DeployableImage | None = None) -> dict[str, DeployableImage]:
    """Return the same image for every container of a service."""
    return dict.fromkeys([settings.name, *sidecars_of(settings)], app or image())


@once
def declare_service(
    name: str = "web",
    *,
    platform_changes: dict[str, Any] | None = None,
    images: dict[str, DeployableImage] | None = None,
    **settings: Any,
) -> Graph:
    """Declare a service with changed settings."""
    service = service_settings(**{"name": name, **settings})

    def program() -> None:
        shift = traffic_shift() if service.rollout.has_two_target_groups else None
        shared = platform(**{"traffic_shift": shift, **(platform_changes or {})})
        Service(name, service, shared, {**images_of(service), **(images or {})}, opts=child_options())

    return declare(program)
