"""Starts the tasks of EventBridge Scheduler, which MiniStack does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from local.emulated import ministack

_ecs, _eventbridge = ministack("services.ecs"), ministack("services.eventbridge")

_ARGUMENTS: Final = {"TaskDefinitionArn": "taskDefinition", "TaskCount": "count"}


def install() -> None:
    """Make the scheduler start ECS tasks, and check its schedules every second."""
    ministack("services.scheduler")._SCHEDULE_TICK_INTERVAL = 1
    _eventbridge._invoke_target = partial(_invoke, _eventbridge._invoke_target)


def _invoke(
    original: Any, target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None
) -> None:
    if not target.get("EcsParameters"):
        original(target, event, rule, view)
        return
    status, _, answer = _ecs._ACTION_MAP["RunTask"](_request(target, rule))
    if status >= 400:  # noqa: PLR2004
        print(f"schedule {rule.get('Name')} cannot start a task: {answer}", flush=True)
        dead_letters: Mapping[str, str] = target.get("DeadLetterConfig") or {}
        if queue := dead_letters.get("Arn"):
            _eventbridge._dispatch_to_sqs(
                ministack("core.arn").parse_arn(queue), target.get("Input") or "{}", {}
            )


def _request(target: Mapping[str, Any], rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the RunTask request of a schedule's target."""
    parameters: Mapping[str, Any] = target["EcsParameters"]
    arguments = {_ARGUMENTS.get(key, key[0].lower() + key[1:]): value for key, value in parameters.items()}
    overrides = {"overrides": json.loads(target["Input"])} if target.get("Input") else {}
    started_by = f"chronos-schedule/{rule.get('Name')}"
    return {**arguments, **overrides, "cluster": target["Arn"], "startedBy": started_by}
