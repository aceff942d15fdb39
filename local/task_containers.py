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
"""State in /proc/net/tcp of a socket that waits for connections."""
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
    """The daemon's, as `local.docker.engine` returns it."""
    id: str
    address: str
    """IP address; this machine's own where the container has the host's network."""

    def logs(self, lines: int) -> list[str]:
        """Return the last `lines` lines of its log; none if the daemon does not have it any more."""
        try:
            text: bytes = self.api.logs(self.id, tail=lines)
        except DockerException:
            return []
        return text.decode(errors="replace").splitlines()

    def listeners(self) -> list[Listener]:
        """Return where it listens; empty if that is unknown, as for an image without `cat`."""
        code, text = self.run(("cat", "/proc/net/tcp", "/proc/net/tcp6"), seconds=5)
        # `cat` fails for a missing tcp6, which does not matter.
        return parse_listeners(text.splitlines()) if code in {0, 1} else []

    def run(self, command: Sequence[str], *, seconds: float, user: str = "") -> tuple[int | None, str]:
        """Run a command in it and return exit code and output; the code is None if it took too long."""
        answer: list[tuple[int, str]] = []

        def execute() -> None:
            try:
                execution = self.api.exec_create(self.id, list(command), user=user)
                output: bytes = self.api.exec_start(execution)
                code = int(self.api.exec_inspect(execution)["ExitCode"])
                answer.append((code, output.decode(errors="replace").strip()))
            except (DockerException, OSError) as error:
                answer.append((126, str(error)))

        # The client has no timeout for this.
        thread = threading.Thread(target=execute, daemon=True)
        thread.start()
        thread.join(seconds)
        return answer[0] if answer else (None, "")

    def kill(self) -> None:
        """Stop it at once, if it runs."""
        try:
            self.api.kill(self.id)
        except APIError:
            return


def containers_of(api: Any, task_arn: str) -> dict[str, TaskContainer]:
    """Return a task's containers, also stopped ones, by their names in the task definition."""
    found = api.containers(all=True, filters={"label": f"{_TASK_LABEL}={task_arn}"})
    addresses = {f"container:{one['Id']}": _address(one) for one in found}
    # Those of one task share the network of one of them.
    return {
        str(one["Labels"][_NAME_LABEL]): TaskContainer(
            api=api,
            id=str(one["Id"]),
            address=addresses.get(one.get("HostConfig", {}).get("NetworkMode", "")) or _address(one),
        )
        for one in found
    }


def container_of(task_arn: str, name: str) -> str | None:
    """Return the id of a running task's container; None if it has none.

    Raises:
        DockerError: no daemon answers.
    """
    labels = [f"{_TASK_LABEL}={task_arn}", f"{_NAME_LABEL}={name}"]
    with docker_engine(f"list the containers of ECS task {task_arn}") as api:
        found = api.containers(filters={"label": labels})
    return str(found[0]["Id"]) if found else None


def running_tasks(task_arns: Collection[str]) -> set[str]:
    """Return the ECS tasks with a running container; the emulator also counts dead ones.

    Raises:
        DockerError: no daemon answers.
    """
    with docker_engine("list the containers of ECS tasks") as api:
        found = api.containers(filters={"label": [_TASK_LABEL]})
    return {str(container["Labels"][_TASK_LABEL]) for container in found} & {*task_arns}


def clear_tasks(task_arns: Collection[str], *, running: bool) -> list[str]:
    """Remove the stopped containers of ECS tasks, with `running` all; return the others.

    The emulator removes those that it stops, and exited ones only minutes later. Without a daemon there are
    none.

    Raises:
        DockerError: one cannot be removed.
    """
    if not task_arns or not answers():
        return []
    with docker_engine("remove containers of ECS tasks") as api:
        found = api.containers(all=True, filters={"label": [_TASK_LABEL]})
        own = [container for container in found if container["Labels"].get(_TASK_LABEL) in task_arns]
        return [_name(container) for container in own if not _removed(api, container, force=running)]


def remove_containers(label: str) -> None:
    """Remove all containers with a label, written `name=value`; without a daemon there are none.

    Raises:
        DockerError: one cannot be removed.
    """
    if not answers():
        return
    with docker_engine(f"remove the containers with label {label}") as api:
        # What the daemon was making when its asker ended comes a moment later.
        while found := api.containers(all=True, filters={"label": [label]}):
            left = [_name(container) for container in found if not _removed(api, container, force=True)]
            if left:
                raise DockerError(f"cannot remove the containers {', '.join(left)}: see `docker ps -a`")


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
    return str(ipaddress.ip_address(packed))


def _address(container: dict[str, Any]) -> str:
    networks: dict[str, dict[str, Any]] = container.get("NetworkSettings", {}).get("Networks") or {}
    return next((str(one["IPAddress"]) for one in networks.values() if one.get("IPAddress")), "127.0.0.1")


def _name(container: dict[str, Any]) -> str:
    return str((container.get("Names") or [container["Id"]])[0]).lstrip("/")


def _removed(api: Any, container: dict[str, Any], *, force: bool) -> bool:
    if not force and container["State"] not in {"created", "exited", "dead"}:
        return False
    try:
        api.remove_container(container["Id"], v=True, force=force)
    except NotFound:
        return True
    except APIError as error:
        # Another process removes it already, or it has just begun to run.
        return "already in progress" in str(error.explanation)
    return True
