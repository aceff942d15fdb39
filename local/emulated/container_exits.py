"""Lets MiniStack's watch of a task wait until Docker reports that a container has exited.

Without this it polls Docker for each container twenty times a second while the task runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from docker.errors import DockerException
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from local.emulated import ministack, own_labels

_ecs = ministack("services.ecs")

WATCH: Final = "ministack-ecs-watch-"
"""Prefix of the names of threads that watch a task."""
_CHECK_SECONDS: Final = 5.0
"""How long a watch waits at most: an event may be lost."""
_RETRY_SECONDS: Final = 1.0


def install() -> None:
    """Make the watches of tasks wait."""
    _ecs._maybe_mark_stopped = partial(_check, _ecs._maybe_mark_stopped, Exits(_own_exits))


class Exits:
    """Counts exited containers, for threads that wait for the next one."""

    def __init__(self, events: Callable[[], Iterable[object]]) -> None:
        """Count what `events` yields; when it ends or fails, it is called again."""
        self._events = events
        self._changed = threading.Condition()
        self._count = 0
        self._thread: threading.Thread | None = None
        self._of_thread = threading.local()

    def wait(self, seconds: float) -> None:
        """Return after the next exit since this thread's last call, the first time at once.

        Args:
            seconds: after which it returns in any case.
        """
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="container-exits", daemon=True)
                self._thread.start()
            before = getattr(self._of_thread, "count", None)
            if before is not None:
                self._changed.wait_for(lambda: self._count != before, seconds)
            self._of_thread.count = self._count

    def _follow(self) -> None:
        while True:
            try:
                for _ in self._events():
                    with self._changed:
                        self._count += 1
                        self._changed.notify_all()
            except (DockerException, RequestException, HTTPError, OSError) as error:
                print(f"Docker does not report exits of containers: {error}", flush=True)
            time.sleep(_RETRY_SECONDS)


def _own_exits() -> Iterable[object]:
    labels = [f"{name}={value}" for name, value in own_labels().items()]
    client = _ecs._get_docker()
    return client.events(filters={"type": "container", "event": "die", "label": labels}) if client else ()


def _check(original: Any, exits: Exits, task: dict[str, Any], docker_client: Any = None) -> None:
    """Check whether a task has stopped; its watch first waits until that is possible."""
    if threading.current_thread().name.startswith(WATCH):
        exits.wait(_CHECK_SECONDS)
    original(task, docker_client)
