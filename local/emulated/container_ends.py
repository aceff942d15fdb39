"""Lets MiniStack's watch of a task wait until Docker says that a container has ended.

Left alone it asks Docker twenty times a second for each container, as long as that runs.
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
"""How the name of a thread begins that watches a task."""
_LOOK_SECONDS: Final = 5.0
"""How long a watch waits at most: a word of Docker may be lost."""
_AGAIN_SECONDS: Final = 1.0


def install() -> None:
    """Have the watches of tasks wait."""
    ends = Ends(_own_ends)
    _ecs._maybe_mark_stopped = partial(_look, _ecs._maybe_mark_stopped, ends)


class Ends:
    """How many containers have ended, for threads that wait for the next one."""

    def __init__(self, listen: Callable[[], Iterable[object]]) -> None:
        """Count what `listen` returns, one by one; if it ends or fails, it is called again."""
        self._listen = listen
        self._changed = threading.Condition()
        self._count = 0
        self._thread: threading.Thread | None = None
        self._of_thread = threading.local()

    def wait(self, seconds: float) -> None:
        """Return when something has ended since this thread called it before; at once the first time.

        Args:
            seconds: after which it returns in any case.
        """
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="container-ends", daemon=True)
                self._thread.start()
            before = getattr(self._of_thread, "count", None)
            if before is not None:
                self._changed.wait_for(lambda: self._count != before, seconds)
            self._of_thread.count = self._count

    def _follow(self) -> None:
        while True:
            try:
                for _ in self._listen():
                    self._note()
            except (DockerException, RequestException, HTTPError, OSError) as error:
                print(f"Docker does not say when containers end: {error}", flush=True)
            time.sleep(_AGAIN_SECONDS)

    def _note(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()


def _own_ends() -> Iterable[object]:
    labels = [f"{name}={value}" for name, value in own_labels().items()]
    client = _ecs._get_docker()
    return client.events(filters={"type": "container", "event": "die", "label": labels}) if client else ()


def _look(original: Any, ends: Ends, task: dict[str, Any], docker_client: Any = None) -> None:
    """Look whether a task has ended, which its watch does when one may have."""
    if threading.current_thread().name.startswith(WATCH):
        ends.wait(_LOOK_SECONDS)
    original(task, docker_client)
