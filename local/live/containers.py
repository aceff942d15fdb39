"""The containers that run from a folder: restarted, and what all containers of a stack's tasks print."""

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
_LOOK_SECONDS: Final = 0.3


def restart(folder: str) -> int:
    """Have the apps that run from a folder start again; return how many there are.

    Raises:
        DockerError: no daemon answers.
    """
    with docker_engine("restart the app") as api:
        found = api.containers(filters={"label": f"{LABEL}={folder}"})
        for container in found:
            # One that has just ended is not there to be restarted.
            with suppress(DockerException):
                api.kill(container["Id"], "SIGHUP")
    return len(found)


def running(folder: str) -> int:
    """Return how many containers run from a folder.

    Raises:
        DockerError: no daemon answers.
    """
    with docker_engine("list containers") as api:
        return len(api.containers(filters={"label": f"{LABEL}={folder}"}))


@dataclass
class TaskLogs:
    """Follows what the containers of some task definitions print, as they come and go."""

    cluster: str
    """ARN of the cluster that their tasks are in."""
    families: Mapping[str, str]
    """Name of the service for each family of task definitions."""
    line: Callable[[str, str, str], None]
    """Called with the service, the container's name and a line; from any thread."""
    _since: int = field(default_factory=lambda: int(time.time()), init=False)
    _followed: set[str] = field(default_factory=set[str], init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)

    def start(self) -> None:
        """Follow from now on."""
        threading.Thread(target=self._follow, daemon=True).start()

    def stop(self) -> None:
        """Look for no further containers."""
        self._stop.set()

    def _follow(self) -> None:
        client = connect()
        with closing(client):
            api = engine(client)
            while not self._stop.is_set():
                with suppress(DockerException, OSError):
                    for one in api.containers(filters={"label": f"{_CLUSTER}={self.cluster}"}):
                        labels: dict[str, str] = one["Labels"]
                        if labels.get(_FAMILY) in self.families and one["Id"] not in self._followed:
                            self._followed.add(one["Id"])
                            service = self.families[labels[_FAMILY]]
                            arguments = (one["Id"], service, labels.get(_NAME, service))
                            threading.Thread(target=self._read, args=arguments, daemon=True).start()
                self._stop.wait(_LOOK_SECONDS)

    def _read(self, container: str, service: str, name: str) -> None:
        # Of its own: lines may stay away for hours.
        client = connect()
        with closing(client), suppress(DockerException, OSError):
            rest = b""
            for piece in engine(client).logs(container, stream=True, follow=True, since=self._since):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    if self._stop.is_set():
                        return
                    self.line(service, name, line.decode(errors="replace"))
