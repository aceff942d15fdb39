"""AWS, time and stacks without an account: real clients, whose questions and answers botocore checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.stub import validate_parameters

from automation.clock import Clock
from automation.services.deployed_stack import DeployedStack
from automation.stacks.settings import settings_of
from infra.settings import Settings

ROOT = Path(__file__).parents[3]
REGION = "us-east-1"
ACCOUNT = "123456789012"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/cluster-1a2b3c4"
OLD, NEW = (f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:{revision}" for revision in (6, 7))
NOW = datetime.now(UTC)


class Refused:
    """An error that AWS answers."""

    def __init__(self, code: str, message: str = "no") -> None:
        self.answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}


Answer = dict[str, Any] | Refused | Callable[[dict[str, Any]], dict[str, Any]]


class FakeAws:
    """AWS clients. An operation has one answer or several, of which the last one repeats."""

    def __init__(self, **operations: Answer | Sequence[Answer]) -> None:
        self.operations: dict[str, Answer | list[Answer]] = {
            name: list(answers) if isinstance(answers, list) else answers
            for name, answers in {
                "list_service_deployments": {"serviceDeployments": []},
                "list_tasks": {"taskArns": []},
                "get_log_events": Refused("ResourceNotFoundException"),
                **operations,
            }.items()
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            client = boto3.client(
                service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
            )
            names = {api: python for python, api in client.meta.method_to_api_mapping.items()}
            last: dict[str, Any] = {}

            def note(params: dict[str, Any], model: Any, **_: Any) -> None:
                last[model.name] = params

            def answer(model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
                return self._answer(names[model.name], last[model.name], model)

            client.meta.events.register("before-parameter-build.*.*", note)
            client.meta.events.register("before-call.*.*", answer)
            self._clients[service] = client
        return self._clients[service]

    def questions(self, operation: str) -> list[dict[str, Any]]:
        return [question for name, question in self.asked if name == operation]

    def _answer(self, name: str, question: dict[str, Any], model: Any) -> tuple[Any, dict[str, Any]]:
        self.asked.append((name, question))
        answer = self.operations[name]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Refused):
            return SimpleNamespace(status_code=400), answer.answer
        found = answer(question) if callable(answer) else answer
        if model.output_shape is not None:
            validate_parameters(found, model.output_shape)
        return SimpleNamespace(status_code=200), {**found, "ResponseMetadata": {}}


@dataclass
class FakeTime:
    """A clock on which nobody waits."""

    seconds: float = 0.0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(
            now=lambda: self.seconds,
            date=lambda: NOW + timedelta(seconds=self.seconds),
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds


@cache
def dev() -> Settings:
    """What dev's file says."""
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
    """Dev in an account, as its state and AWS tell of it."""

    aws: FakeAws = field(default_factory=FakeAws)
    state: Sequence[Mapping[str, Any]] = field(default_factory=resources)
    root: Path = ROOT
    is_local: bool = False
    asked_settings: list[str] = field(default_factory=list)

    def resources(self, stack: str) -> Sequence[Mapping[str, Any]]:
        return self.state

    def settings(self, stack: str) -> Settings:
        self.asked_settings.append(stack)
        return dev()

    def clients(self, settings: Settings) -> FakeAws:
        return self.aws

    def address(self, url: str) -> str:
        return f"{url}.here" if self.is_local else url


def deployed(aws: FakeAws, *names: str, **outputs: Any) -> DeployedStack:
    """Dev with its services."""
    state = resources({**OUTPUTS, **outputs}, *names)
    return DeployedStack.of(FakeStacks(aws, state), "dev")  # type: ignore[arg-type]


def deployment(
    task_definition: str = NEW,
    state: str = "COMPLETED",
    *,
    status: str = "PRIMARY",
    age: float = 60,
    **more: Any,
) -> dict[str, Any]:
    """One of a service's `deployments`."""
    return {
        "id": f"ecs-svc/{age:g}",
        "status": status,
        "taskDefinition": task_definition,
        "createdAt": NOW - timedelta(seconds=age),
        "desiredCount": 1,
        "runningCount": 1,
        "rolloutState": state,
        **more,
    }


def service(*deployments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What `describe_services` answers."""
    return {
        "services": [
            {
                "serviceName": "web-1a2b3c4",
                "status": "ACTIVE",
                "taskDefinition": NEW,
                "desiredCount": 1,
                "runningCount": 1,
                "pendingCount": 0,
                "deployments": list(deployments) or [deployment()],
                "events": [],
                **more,
            }
        ]
    }


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


def task(number: int = 1, *, stopped: str | None = None, age: float = 30, **more: Any) -> dict[str, Any]:
    """What `describe_tasks` answers of one; with `stopped`, why it ended."""
    started = NOW - timedelta(seconds=age)
    found: dict[str, Any] = {
        "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/cluster/{number:032x}",
        "taskDefinitionArn": NEW,
        "createdAt": started,
        "startedAt": started,
        "lastStatus": "STOPPED" if stopped else "RUNNING",
        "containers": [{"name": "web"}],
    }
    if stopped:
        found |= {
            "stopCode": "EssentialContainerExited",
            "stoppedReason": stopped,
            "stoppedAt": started + timedelta(seconds=1),
            "containers": [{"name": "web", "exitCode": 3}],
        }
    return {**found, **more}


def tasks(*described: Mapping[str, Any]) -> dict[str, Answer]:
    """The answers about tasks, running and stopped."""
    by_arn = {one["taskArn"]: dict(one) for one in described}

    def list_tasks(question: dict[str, Any]) -> dict[str, Any]:
        stopped = question.get("desiredStatus") == "STOPPED"
        return {
            "taskArns": [arn for arn, one in by_arn.items() if (one["lastStatus"] == "STOPPED") == stopped]
        }

    return {
        "list_tasks": list_tasks,
        "describe_tasks": lambda question: {"tasks": [by_arn[arn] for arn in question["tasks"]]},
    }
