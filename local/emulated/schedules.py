"""Starts the tasks of EventBridge Scheduler, which MiniStack does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from local.emulated import ministack

_ecs, _eventbridge = ministack("services.ecs"), ministack("services.eventbridge")

_RENAMED: Final = {"TaskDefinitionArn": "taskDefinition", "TaskCount": "count"}


def install() -> None:
    """Let the scheduler of this process start tasks, to the second."""
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
        print(f"schedule {rule.get('Name')} starts no task: {answer}", flush=True)
        dead: Mapping[str, str] = target.get("DeadLetterConfig") or {}
        if letters := dead.get("Arn"):
            _eventbridge._dispatch_to_sqs(
                ministack("core.arn").parse_arn(letters), target.get("Input") or "{}", {}
            )


def _request(target: Mapping[str, Any], rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the RunTask request of a schedule's target."""
    parameters: Mapping[str, Any] = target["EcsParameters"]
    asked = {_RENAMED.get(key, key[0].lower() + key[1:]): value for key, value in parameters.items()}
    overrides = {"overrides": json.loads(target["Input"])} if target.get("Input") else {}
    started_by = f"chronos-schedule/{rule.get('Name')}"
    return {**asked, **overrides, "cluster": target["Arn"], "startedBy": started_by}
