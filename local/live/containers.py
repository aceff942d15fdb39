"""Containers that run from a folder, and the logs of a stack's containers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Final

from docker.errors import DockerException

from local.docker import connect, docker_engine, engine
from local.live.notes import LABEL

_CLUSTER: Final = "com.amazonaws.ecs.cluster"
_FAMILY: Final = "com.amazonaws.ecs.task-definition-family"
_NAME: Final = "com.amazonaws.ecs.container-name"
_POLL_SECONDS: Final = 0.3


def restart(folder: str) -> int:
    """Restart the apps that run from a folder; return their number.

    Raises:
        DockerError: no daemon answers.
    """
    with docker_engine("restart the app") as api:
        containers = api.containers(filters={"label": f"{LABEL}={folder}"})
        for container in containers:
            # A container that has just exited is not restarted.
            with suppress(DockerException):
                api.kill(container["Id"], "SIGHUP")
    return len(containers)


def running(folder: str) -> int:
    """Return the number of containers that run from a folder.

    Raises:
        DockerError: no daemon answers.
    """
    with docker_engine("list containers") as api:
        return len(api.containers(filters={"label": f"{LABEL}={folder}"}))


@dataclass
class TaskLogs:
    """Follows the logs of all containers of some task definitions, including new ones."""

    cluster: str
    """ARN of their cluster."""
    families: Mapping[str, str]
    """Name of the service of each family of task definitions."""
    line: Callable[[str, str, str], None]
    """Called with service, container name and line, from any thread."""
    _since: int = field(default_factory=lambda: int(time.time()), init=False)
    _followed: set[str] = field(default_factory=set[str], init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)

    def start(self) -> None:
        """Follow lines that are logged from now on."""
        threading.Thread(target=self._follow, daemon=True).start()

    def stop(self) -> None:
        """Stop following."""
        self._stop.set()

    def _follow(self) -> None:
        client = connect()
        with closing(client):
            api = engine(client)
            while not self._stop.is_set():
                with suppress(DockerException, OSError):
                    for container in api.containers(filters={"label": f"{_CLUSTER}={self.cluster}"}):
                        labels: dict[str, str] = container["Labels"]
                        if labels.get(_FAMILY) in self.families and container["Id"] not in self._followed:
                            self._followed.add(container["Id"])
                            service = self.families[labels[_FAMILY]]
                            arguments = (container["Id"], service, labels.get(_NAME, service))
                            threading.Thread(target=self._read, args=arguments, daemon=True).start()
                self._stop.wait(_POLL_SECONDS)

    def _read(self, container: str, service: str, name: str) -> None:
        # Its own client: the next line may come hours later.
        client = connect()
        with closing(client), suppress(DockerException, OSError):
            rest = b""
            for piece in engine(client).logs(container, stream=True, follow=True, since=self._since):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    if self._stop.is_set():
                        return
                    self.line(service, name, line.decode(errors="replace"))
