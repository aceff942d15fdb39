"""Sends events of stopped tasks to EventBridge, which MiniStack's ECS does not."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Final

from local.emulated import ministack

_ecs, _eventbridge = ministack("services.ecs"), ministack("services.eventbridge")

_PRIVATE: Final = "_"
"""What MiniStack keeps in a task for itself begins with it."""


def install() -> None:
    """Let ECS send an event when a task has stopped."""
    _ecs._mark_task_stopped = partial(_tell, _ecs._mark_task_stopped)


def _tell(original: Any, task_arn: str, task: dict[str, Any], *more: Any, **named: Any) -> Any:
    stopped = original(task_arn, task, *more, **named)
    if stopped:
        event = {
            "Source": "aws.ecs",
            "DetailType": "ECS Task State Change",
            "Resources": [task_arn],
            "Detail": json.dumps(told(task), default=str),
        }
        _eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)
    return stopped


def told(task: dict[str, Any]) -> dict[str, Any]:
    """Return the detail of a task's event: the task as `describe-tasks` describes it."""
    return {key: value for key, value in task.items() if not key.startswith(_PRIVATE)}
