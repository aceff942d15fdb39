"""Makes StopTask and DeleteService wait for containers that are being created, so that none is left."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Final

from local.emulated import ministack

_ecs = ministack("services.ecs")

_WAIT_SECONDS: Final = 30
"""How long a request waits at most: Docker may be pulling an image."""


def install() -> None:
    """Wrap MiniStack's functions that start and stop tasks."""
    starts = Starts()
    _ecs._start_task_worker = partial(starts.start, _ecs._start_task_worker)
    for action in ("StopTask", "DeleteService"):
        _ecs._ACTION_MAP[action] = partial(starts.stop, _ecs._ACTION_MAP[action])


class Starts:
    """The tasks whose containers are being created."""

    def __init__(self) -> None:
        """Begin without tasks."""
        self._changed = threading.Condition()
        self._tasks: dict[str, dict[str, Any]] = {}

    def start(self, original: Any, task: dict[str, Any], *others: Any) -> None:
        """Create the containers of a task, unless its service was deleted after it had requested the task."""
        arn = task["taskArn"]
        with self._changed:
            self._tasks[arn] = task
        try:
            if _is_of_deleted_service(task):
                _ecs._mark_task_stopped(arn, task, "Service deleted", "UserInitiated")
            original(task, *others)
        finally:
            with self._changed:
                del self._tasks[arn]
                self._changed.notify_all()

    def stop(self, original: Any, data: dict[str, Any]) -> Any:
        """Stop tasks, and wait until no container of a stopped task in the cluster is being created.

        The thread that creates one removes it afterwards.
        """
        answer = original(data)
        cluster = _name(str(data.get("cluster") or "default"))
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    not any(
                        task.get("desiredStatus") == "STOPPED" and _name(task["clusterArn"]) == cluster
                        for task in self._tasks.values()
                    )
                ),
                _WAIT_SECONDS,
            )
        return answer


def _is_of_deleted_service(task: dict[str, Any]) -> bool:
    kind, _, name = str(task.get("group") or "").partition(":")
    service = _ecs._services.get(f"{_name(task['clusterArn'])}/{name}", {})
    return kind == "service" and service.get("status") != "ACTIVE"


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
