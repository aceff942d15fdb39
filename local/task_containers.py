"""Finds, inspects and removes the containers of ECS tasks."""

from __future__ import annotations

import ipaddress
import struct
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from docker.errors import APIError, DockerException, NotFound

from local.docker import DockerError, answers, docker_engine

_TASK_LABEL: Final = "com.amazonaws.ecs.task-arn"
_NAME_LABEL: Final = "com.amazonaws.ecs.container-name"
_LISTEN: Final = "0A"
"""State of a listening socket in /proc/net/tcp."""
_SHELL: Final = ("/bin/sh", "-c")


@dataclass(frozen=True, kw_only=True)
class Listener:
    """An address and port that a container listens on."""

    address: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether it is reachable only from inside the container."""
        return ipaddress.ip_address(self.address).is_loopback


@dataclass(frozen=True, kw_only=True)
class TaskContainer:
    """A container of a task."""

    api: Any
    """The daemon's API, from `local.docker.engine`."""
    id: str
    address: str
    """IP address; 127.0.0.1 if the container has the host's network."""

    def is_running(self) -> bool:
        """Whether it runs now."""
        try:
            return bool(self.api.inspect_container(self.id)["State"]["Running"])
        except DockerException:
            return False

    def listeners(self) -> list[Listener]:
        """Return where it listens; empty if unknown, as for an image without `cat`."""
        code, text = self.run(("cat", "/proc/net/tcp", "/proc/net/tcp6"), seconds=5)
        # `cat` fails for a missing tcp6, which does not matter.
        return parse_listeners(text.splitlines()) if code in {0, 1} else []

    def run(self, command: Sequence[str], *, seconds: float, user: str = "") -> tuple[int | None, str]:
        """Run a command in it and return exit code and output; the code is None after `seconds`."""
        result: list[tuple[int, str]] = []

        def execute() -> None:
            try:
                execution = self.api.exec_create(self.id, list(command), user=user)
                output: bytes = self.api.exec_start(execution)
                code = int(self.api.exec_inspect(execution)["ExitCode"])
                result.append((code, output.decode(errors="replace").strip()))
            except (DockerException, OSError) as error:
                result.append((126, str(error)))

        # The client has no timeout for this.
        thread = threading.Thread(target=execute, daemon=True)
        thread.start()
        thread.join(seconds)
        return result[0] if result else (None, "")


def containers_of(api: Any, task_arn: str) -> dict[str, TaskContainer]:
    """Return a task's containers, including stopped ones, by their names in the task definition."""
    containers = api.containers(all=True, filters={"label": f"{_TASK_LABEL}={task_arn}"})
    addresses = {f"container:{item['Id']}": _address(item) for item in containers}
    # The containers of a task share the network of one of them.
    return {
        str(item["Labels"][_NAME_LABEL]): TaskContainer(
            api=api,
            id=str(item["Id"]),
            address=addresses.get(item.get("HostConfig", {}).get("NetworkMode", "")) or _address(item),
        )
        for item in containers
    }


def container_of(task_arn: str, name: str) -> str | None:
    """Return the id of a running task's container; None if no such container is running.

    Raises:
        DockerError: no daemon answers.
    """
    labels = [f"{_TASK_LABEL}={task_arn}", f"{_NAME_LABEL}={name}"]
    with docker_engine(f"list the containers of ECS task {task_arn}") as api:
        containers = api.containers(filters={"label": labels})
    return str(containers[0]["Id"]) if containers else None


def running_tasks(task_arns: Collection[str]) -> set[str]:
    """Return the ECS tasks with a running container; the emulator also counts others as running.

    Raises:
        DockerError: no daemon answers.
    """
    with docker_engine("list the containers of ECS tasks") as api:
        containers = api.containers(filters={"label": [_TASK_LABEL]})
    return {str(container["Labels"][_TASK_LABEL]) for container in containers} & {*task_arns}


def clear_tasks(task_arns: Collection[str], *, running: bool) -> list[str]:
    """Remove the stopped containers of ECS tasks, or all with `running`; return the names of the others.

    The emulator removes those that it stops, and exited ones only minutes later. Without a daemon there are
    none.

    Raises:
        DockerError: one cannot be removed.
    """
    if not task_arns or not answers():
        return []
    with docker_engine("remove containers of ECS tasks") as api:
        containers = api.containers(all=True, filters={"label": [_TASK_LABEL]})
        own = [container for container in containers if container["Labels"].get(_TASK_LABEL) in task_arns]
        return [_name(container) for container in own if not _remove(api, container, force=running)]


def remove_containers(label: str) -> None:
    """Remove all containers with a label, written `name=value`; without a daemon there are none.

    Raises:
        DockerError: one cannot be removed.
    """
    if not answers():
        return
    with docker_engine(f"remove the containers with label {label}") as api:
        # The daemon may still be creating a container that was requested before.
        while containers := api.containers(all=True, filters={"label": [label]}):
            remaining = [
                _name(container) for container in containers if not _remove(api, container, force=True)
            ]
            if remaining:
                raise DockerError(f"cannot remove the containers {', '.join(remaining)}: see `docker ps -a`")


def remove_networks(label: str) -> None:
    """Remove all networks with a label, written `name=value`; without a daemon there are none.

    Raises:
        DockerError: one cannot be removed.
    """
    if answers():
        with docker_engine(f"remove the networks with label {label}") as api:
            for network in api.networks(filters={"label": [label]}):
                api.remove_network(network["Id"])


def as_command(health_check: Sequence[str]) -> list[str]:
    """Return the command of a container's health check: `CMD` and arguments, or `CMD-SHELL` and a line."""
    kind, *command = health_check
    return [*_SHELL, *command] if kind == "CMD-SHELL" else command if kind == "CMD" else list(health_check)


def parse_listeners(lines: Iterable[str]) -> list[Listener]:
    """Return the listening sockets in lines of /proc/net/tcp and /proc/net/tcp6, each once, by port."""
    listeners: set[Listener] = set()
    for line in lines:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTEN and ":" in fields[1]:  # noqa: PLR2004 - column `st`
            address, _, port = fields[1].partition(":")
            listeners.add(Listener(address=_ip(address), port=int(port, 16)))
    return sorted(listeners, key=lambda listener: (listener.port, listener.address))


def _ip(text: str) -> str:
    """Return the IP address in the kernel's hexadecimal form: words in the machine's byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return str(ipaddress.ip_address(packed))


def _address(container: dict[str, Any]) -> str:
    networks: dict[str, dict[str, Any]] = container.get("NetworkSettings", {}).get("Networks") or {}
    addresses = (network.get("IPAddress") for network in networks.values())
    return next((str(address) for address in addresses if address), "127.0.0.1")


def _name(container: dict[str, Any]) -> str:
    return str((container.get("Names") or [container["Id"]])[0]).lstrip("/")


def _remove(api: Any, container: dict[str, Any], *, force: bool) -> bool:
    """Remove a container; return False if it is running and not forced, or cannot be removed now."""
    if not force and container["State"] not in {"created", "exited", "dead"}:
        return False
    try:
        api.remove_container(container["Id"], v=True, force=force)
    except NotFound:
        return True
    except APIError as error:
        # Another process is removing it, or it has just started.
        return "already in progress" in str(error.explanation)
    return True
