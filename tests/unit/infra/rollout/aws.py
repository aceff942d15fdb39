"""Fake AWS for boto3: real clients, whose requests and responses are validated by botocore's service model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pulumi
from botocore.stub import validate_parameters

from infra.rollout.clock import Clock
from tests.unit.infra.fake_cloud import ACCOUNT, REGION

OLD, NEW = (f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:{revision}" for revision in (6, 7))
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/0123456789abcdef"
NOW = datetime.now(UTC)


class ErrorResponse:
    """An error response."""

    def __init__(self, code: str, message: str = "no") -> None:
        self.answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}


Answer = dict[str, Any] | ErrorResponse | Exception | Callable[[dict[str, Any]], dict[str, Any]]


class Aws:
    """AWS clients. An operation has one response, or a list of which the last one is repeated."""

    def __init__(self, **operations: Answer | list[Answer]) -> None:
        self.operations: dict[str, Answer | list[Answer]] = {
            "list_service_deployments": {"serviceDeployments": []},
            "list_tasks": {"taskArns": []},
            "describe_target_health": {"TargetHealthDescriptions": []},
            "describe_task_definition": logging_to(),
            "describe_alarms": {"MetricAlarms": [], "CompositeAlarms": []},
            "get_log_events": ErrorResponse("ResourceNotFoundException"),
            **operations,
        }
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            create_client: Any = boto3.client
            client = create_client(
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

    def requests(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def _answer(self, name: str, request: dict[str, Any], model: Any) -> tuple[Any, dict[str, Any]]:
        self.calls.append((name, request))
        answers: Any = self.operations[name]
        if isinstance(answers, list):
            answers = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answers, ErrorResponse):
            return SimpleNamespace(status_code=400), answers.answer
        if isinstance(answers, Exception):
            raise answers
        found: Any = answers(request) if callable(answers) else answers
        if model.output_shape is not None:
            validate_parameters(found, model.output_shape)
        return SimpleNamespace(status_code=200), {**found, "ResponseMetadata": {}}


@dataclass
class FakeClock:
    """A clock without real waiting."""

    seconds: float = 0.0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(
            now=lambda: self.seconds,
            date=lambda: NOW + timedelta(seconds=self.seconds),
            sleep=self._sleep,
            block=self._block,
        )

    async def _sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)

    def _block(self, seconds: float) -> None:
        self.seconds += seconds


def deployment(
    task_definition: str = NEW,
    state: str = "COMPLETED",
    *,
    status: str = "PRIMARY",
    age: float = 60,
    **more: Any,
) -> dict[str, Any]:
    """Return one of a service's `deployments`."""
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
    """Return a response of `describe_services`."""
    described = {
        "serviceName": "web-1a2b3c4",
        "status": "ACTIVE",
        "taskDefinition": NEW,
        "desiredCount": 1,
        "runningCount": 1,
        "pendingCount": 0,
        "deployments": list(deployments) or [deployment()],
        "loadBalancers": [{"targetGroupArn": TARGET_GROUP, "containerName": "web", "containerPort": 3000}],
        "events": [],
        **more,
    }
    return {"services": [described]}


def task(number: int = 1, *, stopped: str | None = None, age: float = 30, **more: Any) -> dict[str, Any]:
    """Return a task as in `describe_tasks`; `stopped` is the reason why it stopped."""
    started = NOW - timedelta(seconds=age)
    described: dict[str, Any] = {
        "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/cluster/{number:032x}",
        "taskDefinitionArn": NEW,
        "createdAt": started,
        "startedAt": started,
        "lastStatus": "STOPPED" if stopped else "RUNNING",
        "containers": [{"name": "web"}],
    }
    if stopped:
        described |= {
            "stopCode": "EssentialContainerExited",
            "stoppedReason": stopped,
            "stoppedAt": started + timedelta(seconds=1),
            "containers": [{"name": "web", "exitCode": 3}],
        }
    return {**described, **more}


def tasks(*described: Mapping[str, Any]) -> dict[str, Answer]:
    """Return the responses about running and stopped tasks."""
    by_arn = {task["taskArn"]: dict(task) for task in described}

    def list_tasks(request: dict[str, Any]) -> dict[str, Any]:
        stopped = request.get("desiredStatus") == "STOPPED"
        return {
            "taskArns": [arn for arn, task in by_arn.items() if (task["lastStatus"] == "STOPPED") == stopped]
        }

    return {
        "list_tasks": list_tasks,
        "describe_tasks": lambda request: {"tasks": [by_arn[arn] for arn in request["tasks"]]},
    }


def logging_to(
    group: str = "logs", *, image: str = "registry/app@sha256:0", name: str = "web"
) -> dict[str, Any]:
    """Return a response of `describe_task_definition`."""
    options = {"awslogs-group": group, "awslogs-stream-prefix": name}
    container = {
        "name": name,
        "image": image,
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    return {"taskDefinition": {"containerDefinitions": [container]}}


def lines(*messages: str) -> dict[str, Any]:
    """Return a response of `get_log_events`."""
    return {"events": [{"timestamp": 0, "message": message} for message in messages]}


def update(old: dict[str, Any], new: dict[str, Any]) -> pulumi.ResourceHookArgs:
    """Return the arguments of a hook before an update."""
    return pulumi.ResourceHookArgs(
        urn="urn", id="id", name="name", type="type", new_inputs=new, old_outputs=old
    )
