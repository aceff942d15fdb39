"""Lets a stopped task have no container that is still being created, which MiniStack does not wait for."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Final

from local.emulated import ministack

_ecs = ministack("services.ecs")

_WAIT_SECONDS: Final = 30
"""How long a stop waits at most: Docker may be pulling an image."""


def install() -> None:
    """Wrap MiniStack's functions that start and stop tasks."""
    starts = Starts()
    _ecs._start_task_worker = partial(starts.start, _ecs._start_task_worker)
    _ecs._cleanup_task_resources = partial(starts.clean_up, _ecs._cleanup_task_resources)


class Starts:
    """The tasks whose containers are being created."""

    def __init__(self) -> None:
        """Begin without tasks."""
        self._changed = threading.Condition()
        self._threads: dict[str, int] = {}

    def start(self, original: Any, task: dict[str, Any], *others: Any) -> None:
        """Create the containers of a task, unless its service was deleted after it had requested the task."""
        arn = task["taskArn"]
        with self._changed:
            self._threads[arn] = threading.get_ident()
        try:
            if _is_of_deleted_service(task):
                _ecs._mark_task_stopped(arn, task, "Service deleted", "UserInitiated")
            original(task, *others)
        finally:
            with self._changed:
                del self._threads[arn]
                self._changed.notify_all()

    def clean_up(self, original: Any, task: dict[str, Any], *others: Any) -> None:
        """Remove the containers of a task, and wait until none is being created.

        The thread that creates one removes it afterwards if the task has been stopped.
        """
        original(task, *others)
        with self._changed:
            self._changed.wait_for(
                lambda: self._threads.get(task["taskArn"]) in {None, threading.get_ident()}, _WAIT_SECONDS
            )


def _is_of_deleted_service(task: dict[str, Any]) -> bool:
    kind, _, name = str(task.get("group") or "").partition(":")
    cluster = task["clusterArn"].rpartition("/")[2]
    return kind == "service" and _ecs._services.get(f"{cluster}/{name}", {}).get("status") != "ACTIVE"
