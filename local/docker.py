"""The Docker daemon: its clients, and the containers of ECS tasks in it."""

from __future__ import annotations

import http.client
import os
import platform
import socket
from collections.abc import Collection, Generator
from contextlib import closing, contextmanager
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


@contextmanager
def docker_engine(action: str, *, timeout: float = _CALL_SECONDS) -> Generator[Any]:
    """Connect to the daemon's plain API; untyped, as the docker package leaves half of it.

    Args:
        action: what is done, for the error message, such as "push app:1".
        timeout: seconds for each call.

    Raises:
        DockerError: no daemon answers, or it refused.
    """
    from docker.errors import DockerException

    with closing(connect(timeout=timeout)) as client:
        try:
            yield engine(client)
        except (DockerException, OSError) as error:
            raise DockerError(f"cannot {action}: {error}") from error


def running_tasks(task_arns: Collection[str]) -> set[str]:
    """Return those ECS tasks that have a running container, as the daemon says now.

    The emulator calls a task RUNNING even when Docker has stopped.

    Raises:
        DockerError: no daemon answers.
    """
    with docker_engine("list the containers of ECS tasks", timeout=_PING_SECONDS) as api:
        found = api.containers(filters={"label": [_TASK_LABEL]})
    return {str(container["Labels"][_TASK_LABEL]) for container in found} & {*task_arns}


def container_of(task_arn: str, name: str) -> str | None:
    """Return the id of a running task's container; None where it has none (any more).

    Raises:
        DockerError: no daemon answers.
    """
    labels = [f"{_TASK_LABEL}={task_arn}", f"{_CONTAINER_LABEL}={name}"]
    with docker_engine(f"list the containers of ECS task {task_arn}") as api:
        found = api.containers(filters={"label": labels})
    return str(found[0]["Id"]) if found else None


def clear_tasks(task_arns: Collection[str], *, running: bool) -> list[str]:
    """Remove the containers of ECS tasks that have ended, and with `running` all; return those left.

    The emulator removes what it stops, and what exits only minutes later. Without a daemon its tasks have no
    containers.

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
        found = api.containers(all=True, filters={"label": [label]})
        left = [_name(container) for container in found if not _removed(api, container, force=True)]
    if left:
        raise DockerError(f"cannot remove the containers {', '.join(left)}: see `docker ps -a`")


def _name(container: dict[str, Any]) -> str:
    return str((container.get("Names") or [container["Id"]])[0]).lstrip("/")


def _removed(api: Any, container: dict[str, Any], *, force: bool) -> bool:
    from docker.errors import APIError, NotFound

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
