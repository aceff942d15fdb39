"""Stacks without an account, on the fake AWS of the rollout tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from automation.services.deployed_stack import DeployedStack
from automation.stacks.stacks import settings_of
from infra.settings import Settings
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.rollout.aws import NEW, NOW, Answer, Aws

ROOT = Path(__file__).parents[3]
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/cluster-1a2b3c4"


@cache
def dev() -> Settings:
    """The settings of dev."""
    return settings_of("dev", ROOT)


OUTPUTS: dict[str, Any] = {
    "url": "https://dev.example.com",
    "urls": {"web": "https://dev.example.com", "web-alice": "https://alice.dev.example.com"},
    "cluster_name": "cluster-1a2b3c4",
    "service_names": {"web": "web-1a2b3c4", "web-alice": "web-alice-1a2b3c4"},
    "log_group_name": "logs-1a2b3c4",
}


def service_resource(name: str = "web", **outputs: Any) -> dict[str, Any]:
    """An ECS service in a state."""
    return {
        "type": "aws:ecs/service:Service",
        "urn": f"urn:pulumi:dev::node-on-ecs::aws:ecs/service:Service::{name}",
        "inputs": {"taskDefinition": NEW},
        "outputs": {"name": f"{name}-1a2b3c4", "cluster": CLUSTER, "taskDefinition": NEW, **outputs},
    }


def resources(outputs: Mapping[str, Any] = OUTPUTS, *names: str) -> list[dict[str, Any]]:
    """The state of a stack with services, by default web and a copy."""
    urn = "urn:pulumi:dev::node-on-ecs::pulumi:pulumi:Stack::node-on-ecs-dev"
    stack = {"type": "pulumi:pulumi:Stack", "urn": urn, "outputs": dict(outputs)}
    return [stack, *map(service_resource, names or ("web", "web-alice"))]


@dataclass
class FakeStacks:
    """The stack dev, with a state and a fake AWS."""

    aws: Aws = field(default_factory=Aws)
    state: Sequence[Mapping[str, Any]] = field(default_factory=resources)
    root: Path = ROOT
    is_local: bool = False
    requested_settings: list[str] = field(default_factory=list)

    def resources(self, stack: str) -> Sequence[Mapping[str, Any]]:
        return self.state

    def settings(self, stack: str) -> Settings:
        self.requested_settings.append(stack)
        return dev()

    def clients(self, settings: Settings) -> Aws:
        return self.aws

    def address(self, url: str) -> str:
        return f"{url}.local" if self.is_local else url


def deployed(aws: Aws, *names: str, is_local: bool = False) -> DeployedStack:
    """The stack dev with services."""
    stacks = FakeStacks(aws, resources(OUTPUTS, *names), is_local=is_local)
    return DeployedStack.of(stacks, "dev")  # type: ignore[arg-type]


def no_service() -> dict[str, Any]:
    return {"services": [], "failures": [{"arn": "web-1a2b3c4", "reason": "MISSING"}]}


def by_api(status: str = "IN_PROGRESS", *, strategy: str = "CANARY", **more: Any) -> dict[str, Answer]:
    """The answers of the service-deployment API about one deployment."""
    traffic = more.pop("traffic", 100.0)
    found = {
        "serviceDeploymentArn": "arn:of:deployment",
        "createdAt": NOW - timedelta(seconds=60),
        "status": status,
        "targetServiceRevision": {"requestedProductionTrafficWeight": traffic},
        "deploymentConfiguration": {"strategy": strategy},
        **more,
    }
    brief = {key: found[key] for key in ("serviceDeploymentArn", "createdAt", "status")}
    return {
        "list_service_deployments": {"serviceDeployments": [brief]},
        "describe_service_deployments": {"serviceDeployments": [found]},
    }
