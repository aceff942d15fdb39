"""The Docker daemon: its clients, and the containers of ECS tasks in it."""

from __future__ import annotations

import http.client
import os
import platform
import socket
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from local.resources.base import ResourceError

if TYPE_CHECKING:
    import docker

LABEL: Final = "node-on-ecs"
"""Label of every image that the local run makes; its value says what for."""
SOCKET: Final = Path("/var/run/docker.sock")

_TASK_LABEL: Final = "com.amazonaws.ecs.task-arn"
_CONTAINER_LABEL: Final = "com.amazonaws.ecs.container-name"
_CALL_SECONDS: Final = 120
_PING_SECONDS: Final = 10


class DockerError(ResourceError):
    """Docker is not there, or did not do what was asked; the message says what to do."""


def connect(*, timeout: float = _CALL_SECONDS, socket: Path | None = None) -> docker.DockerClient:
    """Return a client of the daemon at DOCKER_HOST, or at the usual socket.

    Args:
        timeout: seconds that a call may take.
        socket: socket of another daemon.

    Raises:
        DockerError: none answers.
    """
    # A command that does not need a client need not load one.
    import docker
    from docker.errors import DockerException

    try:
        if socket is not None:
            client = docker.DockerClient(base_url=f"unix://{socket}", timeout=int(timeout))
        else:
            client = docker.from_env(timeout=int(timeout))
        engine(client).ping()
    except (DockerException, OSError) as error:
        raise DockerError(no_daemon()) from error
    return client


def engine(client: docker.DockerClient) -> Any:
    """Return the client's plain API; untyped, as the docker package leaves half of it."""
    return client.api


def answers(path: Path = SOCKET, *, timeout: float = _PING_SECONDS) -> bool:
    """Whether a daemon answers at DOCKER_HOST, or at a socket; a `docker` command on PATH proves nothing."""
    host = os.environ.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        try:
            connect(timeout=timeout).close()
        except DockerError:
            return False
        return True
    connection = http.client.HTTPConnection("localhost")
    try:
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(timeout)
        connection.sock.connect(host.removeprefix("unix://") or str(path))
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def no_daemon() -> str:
    """Return the message for when no daemon answers: what to do on this machine."""
    host = os.environ.get("DOCKER_HOST")
    if host:
        return f"no Docker daemon answers at DOCKER_HOST={host}: start it, or unset DOCKER_HOST"
    if SOCKET.exists() and not os.access(SOCKET, os.R_OK | os.W_OK):
        return f"you may not use {SOCKET}: run `sudo usermod -aG docker $USER`, log in again, and retry"
    if platform.system() in {"Darwin", "Windows"}:
        return "no Docker daemon answers: start Docker Desktop (or another Docker) and run this again"
    return (
        "no Docker daemon answers: start one (`sudo systemctl start docker`), install one "
        "(https://docs.docker.com/engine/install/), or set DOCKER_HOST to a rootless one, and run this again"
    )


def machine_architecture() -> Literal["X86_64", "ARM64"]:
    """Return this machine's processor as ECS names it.

    Raises:
        DockerError: it is one that ECS does not have.
    """
    machine = platform.machine().lower()
    if machine in {"x86_64", "amd64"}:
        return "X86_64"
    if machine in {"aarch64", "arm64"}:
        return "ARM64"
    raise DockerError(f"this machine's processor is {machine!r}: images are built for x86_64 or arm64 only")


def running_tasks(task_arns: Collection[str]) -> set[str]:
    """Return those ECS tasks that have a running container, as the daemon says now.

    The emulator calls a task RUNNING even when Docker has stopped.

    Raises:
        DockerError: no daemon answers.
    """
    with closing(connect(timeout=_PING_SECONDS)) as client:
        found = _containers(client, _TASK_LABEL, all_states=False)
    return {str(container["Labels"][_TASK_LABEL]) for container in found} & {*task_arns}


def container_of(task_arn: str, name: str) -> str | None:
    """Return the id of a running task's container; None where it has none (any more).

    Raises:
        DockerError: no daemon answers.
    """
    with closing(connect()) as client:
        labels = (f"{_TASK_LABEL}={task_arn}", f"{_CONTAINER_LABEL}={name}")
        found = _containers(client, *labels, all_states=False)
    return str(found[0]["Id"]) if found else None


def clear_tasks(task_arns: Collection[str], *, running: bool) -> list[str]:
    """Remove the containers of ECS tasks that have ended, and with `running` all; return those left.

    The emulator removes what it stops, and what exits only minutes later.
    """
    if not task_arns:
        return []
    try:
        client = connect()
    except DockerError:
        # The emulator without a daemon plays tasks that have no containers.
        return []
    with closing(client):
        found = _containers(client, _TASK_LABEL)
        own = [container for container in found if container["Labels"].get(_TASK_LABEL) in task_arns]
        return [_name(container) for container in own if not _removed(client, container, force=running)]


def remove_containers(label: str) -> None:
    """Remove all containers with a label, written `name=value`; without a daemon there are none.

    Raises:
        DockerError: one cannot be removed.
    """
    try:
        client = connect()
    except DockerError:
        return
    with closing(client):
        left = [each for each in _containers(client, label) if not _removed(client, each, force=True)]
    if left:
        raise DockerError(f"cannot remove the containers {', '.join(map(_name, left))}: see `docker ps -a`")


def _containers(client: docker.DockerClient, *labels: str, all_states: bool = True) -> list[dict[str, Any]]:
    from docker.errors import DockerException

    try:
        return engine(client).containers(all=all_states, filters={"label": list(labels)})
    except (DockerException, OSError) as error:
        raise DockerError(f"cannot list containers: {error}") from error


def _name(container: dict[str, Any]) -> str:
    return str((container.get("Names") or [container["Id"]])[0]).lstrip("/")


def _removed(client: docker.DockerClient, container: dict[str, Any], *, force: bool) -> bool:
    from docker.errors import APIError, DockerException, NotFound

    if not force and container["State"] not in {"created", "exited", "dead"}:
        return False
    try:
        engine(client).remove_container(container["Id"], v=True, force=force)
    except NotFound:
        return True
    except APIError as error:
        # Another process removes it already, or it has just begun to run.
        return "already in progress" in str(error.explanation)
    except (DockerException, OSError) as error:
        raise DockerError(f"cannot remove container {_name(container)}: {error}") from error
    return True
