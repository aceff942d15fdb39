"""Sends events of stopped tasks to EventBridge, which MiniStack's ECS does not."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from local.emulated import ministack

_ecs, _eventbridge = ministack("services.ecs"), ministack("services.eventbridge")


def install() -> None:
    """Make ECS send an event when a task has stopped."""
    _ecs._mark_task_stopped = partial(_send, _ecs._mark_task_stopped)


def _send(original: Any, task_arn: str, task: dict[str, Any], *more: Any, **named: Any) -> Any:
    stopped = original(task_arn, task, *more, **named)
    if stopped:
        # MiniStack's private members begin with an underscore.
        detail = {key: value for key, value in task.items() if not key.startswith("_")}
        event = {
            "Source": "aws.ecs",
            "DetailType": "ECS Task State Change",
            "Resources": [task_arn],
            "Detail": json.dumps(detail, default=str),
        }
        _eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)
    return stopped
