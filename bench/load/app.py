"""The app in containers, started and stopped as ECS does it."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from docker.errors import NotFound

from bench.contenders import ROOT
from local import image_build
from local.docker import connect

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

    from bench.load.generator import Address

_PORT: Final = 3000
_STOP_TIMEOUT_SECONDS: Final = 60
_ENVIRONMENT: Final = {
    "PORT": str(_PORT),
    "ENVIRONMENT": "bench",
    "SERVICE_NAME": "web",
    "IMAGE_VERSION": "load",
    "IDLE_TIMEOUT_SECONDS": "60",
    "STOP_TIMEOUT_SECONDS": str(_STOP_TIMEOUT_SECONDS),
}


class NotLoggedError(Exception):
    """The app exited before it logged a message; the text is its log."""


@dataclass(frozen=True)
class Running:
    """A container that listens."""

    container: Container
    address: Address

    def begin_to_stop(self) -> None:
        """Send it SIGTERM, and wait until it logs that it stops.

        Raises:
            NotLoggedError: it exited before that.
        """
        self.container.kill("SIGTERM")
        _wait_for_log("stopping", self.container)

    def stop(self) -> None:
        """Send it SIGTERM, wait for its end, and remove it."""
        self.container.stop(timeout=_STOP_TIMEOUT_SECONDS)
        self.container.remove(v=True)


class App:
    """The image of `app/`, and its containers."""

    def __init__(self, client: docker.DockerClient, tag: str) -> None:
        self._client = client
        self._tag = tag
        self._started: list[Container] = []

    @classmethod
    @contextmanager
    def built(cls) -> Generator[App]:
        """Build the image; remove it and its containers at the end."""
        with contextlib.closing(connect()) as client:
            tag = f"load-test:{uuid.uuid4().hex[:12]}"
            image_build.Build(ROOT / "app", tag=tag).run()
            app = cls(client, tag)
            try:
                yield app
            finally:
                # Not by the image: containers of other programs may run an image with the same content.
                for container in app._started:
                    with contextlib.suppress(NotFound):
                        container.remove(force=True, v=True)
                client.images.remove(tag)

    def start(self) -> Running:
        """Start a container, and return as soon as it listens.

        Raises:
            NotLoggedError: it exited before that.
        """
        container = self._client.containers.run(
            self._tag,
            detach=True,
            user="1000",
            environment=_ENVIRONMENT,
            ports={f"{_PORT}/tcp": ("127.0.0.1", 0)},
            read_only=True,
            init=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        )
        self._started.append(container)
        _wait_for_log("listening", container)
        container.reload()
        ports: dict[str, Any] = container.ports
        (binding,) = ports[f"{_PORT}/tcp"]
        return Running(container, (binding["HostIp"], int(binding["HostPort"])))


def _wait_for_log(message: str, container: Container) -> None:
    printed: list[bytes] = []
    lines: Any = container.logs(stream=True, follow=True)
    for line in lines:
        printed.append(line)
        with contextlib.suppress(ValueError):
            if json.loads(line)["msg"] == message:
                return
    raise NotLoggedError(b"".join(printed).decode(errors="replace"))
