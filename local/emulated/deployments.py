"""Deployments of services as ECS judges them, also first ones and those that MiniStack has completed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from local.emulated import ministack
from local.resources.ecs import FAILED_TASK

_ecs = ministack("services.ecs")


def install() -> None:
    """Start deployments in progress, and handle stopped tasks."""
    _ecs._make_deployment = partial(_in_progress, _ecs._make_deployment)
    _ecs._ACTION_MAP["StopTask"] = partial(_replace_stopped, _ecs._ACTION_MAP["StopTask"])


def _in_progress(original: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
    """Start a first deployment in progress, which MiniStack starts completed."""
    return {**original(*arguments, **named), "rolloutState": "IN_PROGRESS", "rolloutStateReason": ""}


def _replace_stopped(original: Any, data: dict[str, Any]) -> Any:
    """Make a service replace a stopped task, which MiniStack does not, and count one that failed."""
    answer = original(data)
    status, _, body = answer
    task: Mapping[str, str] = json.loads(body)["task"] if status < 400 else {}  # noqa: PLR2004
    kind, _, service = task.get("group", "").partition(":")
    if kind == "service":
        cluster = task["clusterArn"].rpartition("/")[2]
        if str(data.get("reason")).startswith(FAILED_TASK):
            _fail_deployment(f"{cluster}/{service}", _ecs._tasks[task["taskArn"]])
        _ecs._reconcile_service_tasks(cluster, f"{cluster}/{service}")
    return answer


def _fail_deployment(service_key: str, task: dict[str, Any]) -> None:
    """Let the circuit breaker end the deployment of a task, even one that MiniStack has completed."""
    service = _ecs._services[service_key]
    breaker: Mapping[str, Any] = service["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}
    if not breaker.get("enable"):
        return
    with _ecs.resource_lock("ecs-service", service_key):
        deployment = _ecs._deployment_for_task(service, task)
        # The circuit breaker may have ended it in the meantime.
        if not deployment or deployment["rolloutState"] == "FAILED":
            return
        failed_tasks = _ecs._circuit_breaker_threshold(service) - 1
        deployment.update(rolloutState="IN_PROGRESS", failedTasks=failed_tasks)
    _ecs._record_service_task_failure(task)
