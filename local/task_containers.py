"""The containers of ECS tasks: what they log, which ports they listen on, what a command in them answers."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import docker
from docker.errors import APIError, DockerException

from local.docker import DockerError, connect, engine

TASK_LABEL: Final = "com.amazonaws.ecs.task-arn"
_NAME_LABEL: Final = "com.amazonaws.ecs.container-name"
_LISTEN: Final = "0A"
"""State in /proc/net/tcp of a socket that waits for connections."""
_SHELL: Final = ("/bin/sh", "-c")


@dataclass(frozen=True, kw_only=True)
class Listener:
    """An address and port that a container listens on."""

    address: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether it is reached from inside the container only."""
        return ipaddress.ip_address(self.address).is_loopback


@dataclass(frozen=True, kw_only=True)
class TaskContainer:
    """A container of a task."""

    client: docker.DockerClient
    id: str
    name: str
    """Name in the task definition."""
    address: str
    """IP address; this machine's own where the container has the host's network."""

    def logs(self, lines: int) -> list[str]:
        """Return the last `lines` lines that it wrote, empty where the daemon does not have it any more."""
        try:
            text: bytes = engine(self.client).logs(self.id, tail=lines)
        except DockerException:
            return []
        return text.decode(errors="replace").splitlines()

    def listeners(self) -> list[Listener]:
        """Return where it listens, empty where that cannot be found out (an image without `cat`)."""
        code, text = self.run(("cat", "/proc/net/tcp", "/proc/net/tcp6"), seconds=5)
        # An image may have no tcp6, which is a failure of `cat` that does not matter.
        return parse_listeners(text.splitlines()) if code in {0, 1} else []

    def run(self, command: Sequence[str], *, seconds: float, user: str = "") -> tuple[int | None, str]:
        """Run a command in it and return exit code and output; None for a code: it took longer."""
        answer: list[tuple[int, str]] = []

        def execute() -> None:
            api = engine(self.client)
            try:
                execution = api.exec_create(self.id, list(command), user=user)
                output: bytes = api.exec_start(execution)
                code = int(api.exec_inspect(execution)["ExitCode"])
                answer.append((code, output.decode(errors="replace").strip()))
            except (DockerException, OSError) as error:
                answer.append((126, str(error)))

        # The client cannot be told to give up.
        thread = threading.Thread(target=execute, daemon=True)
        thread.start()
        thread.join(seconds)
        return answer[0] if answer else (None, "")

    def kill(self) -> None:
        """End it at once; one that has ended by itself is fine."""
        try:
            engine(self.client).kill(self.id)
        except APIError:
            return


@dataclass(frozen=True)
class TaskContainers:
    """Finds the containers of tasks."""

    client: docker.DockerClient

    def of(self, task_arn: str) -> dict[str, TaskContainer]:
        """Return a task's containers by their names, ended ones too.

        Raises:
            DockerError: the daemon does not answer.
        """
        try:
            found: list[dict[str, Any]] = engine(self.client).containers(
                all=True, filters={"label": f"{TASK_LABEL}={task_arn}"}
            )
        except (DockerException, OSError) as error:
            raise DockerError(f"cannot list the containers of ECS task {task_arn}: {error}") from error
        return {
            str(one["Labels"][_NAME_LABEL]): TaskContainer(
                client=self.client,
                id=str(one["Id"]),
                name=str(one["Labels"][_NAME_LABEL]),
                address=_address(one),
            )
            for one in found
        }


@contextmanager
def task_containers() -> Generator[TaskContainers]:
    """Connect to the daemon.

    Raises:
        DockerError: none answers.
    """
    client = connect()
    try:
        yield TaskContainers(client)
    finally:
        client.close()


def as_command(health_check: Sequence[str]) -> list[str]:
    """Return what a container's health check runs: `CMD` and arguments, or `CMD-SHELL` and a line."""
    kind, *command = health_check
    return [*_SHELL, *command] if kind == "CMD-SHELL" else command if kind == "CMD" else list(health_check)


def parse_listeners(lines: Iterable[str]) -> list[Listener]:
    """Return the listening sockets in lines of /proc/net/tcp and /proc/net/tcp6, each once, by port."""
    found: set[Listener] = set()
    for line in lines:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTEN and ":" in fields[1]:  # noqa: PLR2004 - column `st`
            address, _, port = fields[1].partition(":")
            found.add(Listener(address=_ip(address), port=int(port, 16)))
    return sorted(found, key=lambda one: (one.port, one.address))


def _ip(text: str) -> str:
    """Return the IP address of the kernel's hexadecimal words, each in the machine's byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def _address(container: dict[str, Any]) -> str:
    networks: dict[str, dict[str, Any]] = container.get("NetworkSettings", {}).get("Networks") or {}
    return next((str(one["IPAddress"]) for one in networks.values() if one.get("IPAddress")), "127.0.0.1")
