"""The Docker daemon and its clients.

Every command imports this module, so the docker package is imported only when a client is needed.
"""

from __future__ import annotations

import http.client
import os
import platform
import socket
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from local.resources.base import ResourceError

if TYPE_CHECKING:
    import docker

LABEL: Final = "node-on-ecs"
"""Label of every image that the local run makes; its value is the image's purpose."""
SOCKET: Final = Path("/var/run/docker.sock")

_CALL_SECONDS: Final = 120
_PING_SECONDS: Final = 10


class DockerError(ResourceError):
    """Docker is missing, or an operation failed; the message says what to do."""


def connect(*, timeout: float = _CALL_SECONDS, socket: Path | None = None) -> docker.DockerClient:
    """Return a client of the daemon at `socket`, DOCKER_HOST or the usual socket, with a timeout in seconds.

    Raises:
        DockerError: no daemon answers.
    """
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
    """Return the client's low-level API, which the docker package types only in part."""
    return client.api


def answers(path: Path = SOCKET, *, timeout: float = _PING_SECONDS) -> bool:
    """Whether a daemon answers at DOCKER_HOST, or at a socket."""
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
    """Return the message for a missing daemon, with what to do on this machine."""
    host = os.environ.get("DOCKER_HOST")
    if host:
        return f"no Docker daemon answers at DOCKER_HOST={host}: start it, or unset DOCKER_HOST"
    if SOCKET.exists() and not os.access(SOCKET, os.R_OK | os.W_OK):
        return f"you may not use {SOCKET}: run `sudo usermod -aG docker $USER`, log in again, and retry"
    return (
        "no Docker daemon answers: start one (`sudo systemctl start docker`), install one "
        "(https://docs.docker.com/engine/install/), or set DOCKER_HOST to a rootless one, and run this again"
    )


def machine_architecture() -> Literal["X86_64", "ARM64"]:
    """Return this machine's processor as ECS names it.

    Raises:
        DockerError: ECS does not have it.
    """
    machine = platform.machine().lower()
    if machine in {"x86_64", "amd64"}:
        return "X86_64"
    if machine in {"aarch64", "arm64"}:
        return "ARM64"
    raise DockerError(f"this machine's processor is {machine!r}: images are built for x86_64 or arm64 only")


@contextmanager
def docker_engine(action: str, *, timeout: float = _CALL_SECONDS) -> Generator[Any]:
    """Connect to the daemon's low-level API, with a timeout in seconds for each call.

    Raises:
        DockerError: no daemon answers, or an operation failed: "cannot {action}: …".
    """
    from docker.errors import DockerException

    with closing(connect(timeout=timeout)) as client:
        try:
            yield engine(client)
        except (DockerException, OSError) as error:
            raise DockerError(f"cannot {action}: {error}") from error
