"""Docker: whether a daemon answers, how one gets there, and what runs in it for a task."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import docker
from docker.errors import APIError, DockerException, NotFound

from local.processes import start_time
from local.resources.base import ResourceError

LABEL: Final = "node-on-ecs"
"""Label of every image that the local run makes; its value says what for."""

_TASK_LABEL: Final = "com.amazonaws.ecs.task-arn"
_CONTAINER_LABEL: Final = "com.amazonaws.ecs.container-name"
_CALL_SECONDS: Final = 120
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30
_PACKAGES: Final = ("docker.io", "iptables", "ca-certificates")
_CLIENT_PACKAGES: Final = ("docker-cli", "docker-buildx")
"""What newer Debian releases keep apart from docker.io."""
_MARKER: Final = Path("/run/node-on-ecs/docker.json")
_DAEMON_LOG: Final = _MARKER.with_name("dockerd.log")
_SOCKET: Final = Path("/var/run/docker.sock")


class DockerError(ResourceError):
    """Docker is not there, or did not do what was asked; the message says what to do."""


def connect(*, timeout: float = _CALL_SECONDS) -> docker.DockerClient:
    """Return a client of the daemon at DOCKER_HOST, or at the usual socket.

    Raises:
        DockerError: none answers.
    """
    try:
        client = docker.from_env(timeout=int(timeout))
        engine(client).ping()
    except (DockerException, OSError) as error:
        raise DockerError(_what_to_do()) from error
    return client


def engine(client: docker.DockerClient) -> Any:
    """Return the client's plain API; untyped, as the docker package leaves half of it."""
    return client.api


def daemon_answers() -> bool:
    """Whether a daemon answers: a `docker` command on PATH says nothing about that."""
    try:
        connect(timeout=10).close()
    except DockerError:
        return False
    return True


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


def clear_tasks(task_arns: Collection[str], *, running: bool) -> list[str]:
    """Remove the containers of ECS tasks that have ended, and with `running` all; return those left.

    The emulator removes what it stops, and what ends by itself only minutes later.
    """
    if not task_arns:
        return []
    try:
        client = connect()
    except DockerError:
        # The emulator without a daemon plays tasks that have no containers.
        return []
    try:
        found: list[dict[str, Any]] = engine(client).containers(all=True, filters={"label": _TASK_LABEL})
        mine = [container for container in found if container["Labels"].get(_TASK_LABEL) in task_arns]
        return [_name(container) for container in mine if not _removed(client, container, force=running)]
    except (DockerException, OSError) as error:
        raise DockerError(f"cannot remove containers of ECS tasks: {error}") from error
    finally:
        client.close()


def container_of(task_arn: str, name: str) -> str | None:
    """Return the id of a running task's container; None where it has none (any more).

    Raises:
        DockerError: no daemon answers.
    """
    client = connect()
    try:
        labels = [f"{_TASK_LABEL}={task_arn}", f"{_CONTAINER_LABEL}={name}"]
        found: list[dict[str, Any]] = engine(client).containers(filters={"label": labels})
    finally:
        client.close()
    return str(found[0]["Id"]) if found else None


def _name(container: dict[str, Any]) -> str:
    return str((container.get("Names") or [container["Id"]])[0]).lstrip("/")


def _removed(client: docker.DockerClient, container: dict[str, Any], *, force: bool) -> bool:
    if not force and container["State"] not in {"created", "exited", "dead"}:
        return False
    try:
        engine(client).remove_container(container["Id"], v=True, force=force)
    except NotFound:
        return True
    except APIError:
        # Somebody removes it right now, or it has just begun to run: the next look tells.
        return False
    return True


def _what_to_do() -> str:
    host = os.environ.get("DOCKER_HOST")
    if host:
        return f"no Docker daemon answers at DOCKER_HOST={host}: start it, or unset DOCKER_HOST"
    if _SOCKET.exists() and not os.access(_SOCKET, os.R_OK | os.W_OK):
        return f"you may not use {_SOCKET}: run `sudo usermod -aG docker $USER`, log in again, and retry"
    if platform.system() in {"Darwin", "Windows"}:
        return "no Docker daemon answers: start Docker Desktop (or another Docker) and run this again"
    return (
        "no Docker daemon answers: start one (`sudo systemctl start docker`), install one "
        "(https://docs.docker.com/engine/install/), or set DOCKER_HOST to a rootless one, and run this again"
    )


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode


def _spawn(command: Sequence[str]) -> int:
    _DAEMON_LOG.parent.mkdir(parents=True, exist_ok=True)
    with _DAEMON_LOG.open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    return process.pid


def _os_family() -> frozenset[str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return frozenset()
    return frozenset({release.get("ID", ""), *release.get("ID_LIKE", "").split()})


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What starting a daemon asks of the machine: tests put their own in its place."""

    root: bool = field(default_factory=lambda: hasattr(os, "geteuid") and os.geteuid() == 0)
    debian: bool = field(default_factory=lambda: "debian" in _os_family())
    terminal: bool = field(default_factory=lambda: sys.stdin is not None and sys.stdin.isatty())
    systemd: bool = field(default_factory=Path("/run/systemd/system").is_dir)
    answers: Callable[[], bool] = daemon_answers
    has: Callable[[str], bool] = lambda command: shutil.which(command) is not None
    run: Callable[[Sequence[str]], int] = _run
    """Run a command to its end and return its exit code."""
    spawn: Callable[[Sequence[str]], int] = _spawn
    """Start a command that goes on, and return its process id."""
    kill: Callable[[int], None] = lambda pid: os.kill(pid, signal.SIGTERM)
    lives: Callable[[int], bool] = lambda pid: start_time(pid) is not None
    containers: Callable[[], int] = lambda: len(engine(connect()).containers(all=True))
    """How many containers the daemon has, running or not."""
    pause: Callable[[float], None] = time.sleep


def ensure_daemon(
    ask: Callable[[str], bool],
    *,
    say: Callable[[str], None] = print,
    marker: Path = _MARKER,
    machine: Machine | None = None,
) -> None:
    """Have a daemon that answers: as root on Debian install and start one, elsewhere say what to do.

    Args:
        ask: asks a question on the terminal; without a terminal nobody is asked, and it goes ahead.
        say: called with what is being done.
        marker: file that remembers that the daemon is ours to stop.
        machine: this one, unless a test says otherwise.

    Raises:
        DockerError: no daemon answers.
    """
    machine = machine or Machine()
    if machine.answers():
        return
    if os.environ.get("DOCKER_HOST") or not (machine.debian and machine.root):
        raise DockerError(_what_to_do())
    if not machine.has("dockerd"):
        packages = ", ".join(_PACKAGES)
        say(f"No Docker daemon answers. These Debian packages bring one, and it is started then: {packages}.")
        if machine.terminal and not ask("Install them and start Docker?"):
            raise DockerError(
                "without a Docker daemon there are no containers: install and start one yourself"
            )
        _install(machine)
    if not machine.answers():
        say("Starting the Docker daemon.")
    _start(machine, marker)


@contextmanager
def kept_running(*, marker: Path = _MARKER) -> Generator[None]:
    """Keep `stop_daemon_if_ours` of every process from stopping the daemon meanwhile, containers or not."""
    try:
        descriptor = os.open(marker.parent, os.O_RDONLY)
    except OSError:
        # Nothing was started by us, so nothing would be stopped.
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def stop_daemon_if_ours(*, marker: Path = _MARKER, machine: Machine | None = None) -> bool:
    """Stop the daemon if `ensure_daemon` started it and nobody needs it; return whether it did.

    Somebody needs it who has containers in it, or holds `kept_running`.
    """
    machine = machine or Machine()
    try:
        remembered = json.loads(marker.read_text())
    except (OSError, ValueError):
        return False
    if machine.answers():
        if machine.containers() or _is_kept(marker):
            return False
        how = remembered.get("how")
        if how == "systemd":
            # The socket would start it again at the next question.
            machine.run(["systemctl", "stop", "docker.service", "docker.socket"])
        elif how == "service":
            machine.run(["service", "docker", "stop"])
        else:
            with suppress(ProcessLookupError, PermissionError):
                machine.kill(int(remembered["pid"]))
        # It stops answering before it ends, and as long as it lives another one refuses to start.
        pid = remembered.get("pid")
        if not _waited(
            lambda: not (machine.answers() or (pid and machine.lives(int(pid)))), machine, _STOP_SECONDS
        ):
            raise DockerError(f"the Docker daemon did not stop within {_STOP_SECONDS} s: stop it yourself")
    for path in (marker, marker.with_name(_DAEMON_LOG.name)):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        marker.parent.rmdir()
    return True


def _is_kept(marker: Path) -> bool:
    descriptor = os.open(marker.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _install(machine: Machine) -> None:
    install = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends"]
    # A fresh image has no package lists, a long-lived one has old ones: ask for new ones only then.
    if machine.run([*install, *_PACKAGES]) != 0:
        machine.run(["apt-get", "update"])
        if machine.run([*install, *_PACKAGES]) != 0:
            raise DockerError(
                "apt-get could not install docker.io: see its messages above, and run this again"
            )
    if not machine.has("docker"):
        machine.run([*install, *_CLIENT_PACKAGES])


def _start(machine: Machine, marker: Path) -> None:
    ways: list[tuple[str, Callable[[], int]]] = []
    if machine.systemd:
        ways.append(("systemd", lambda: machine.run(["systemctl", "start", "docker"])))
    elif machine.has("service"):
        ways.append(("service", lambda: machine.run(["service", "docker", "start"])))
    if machine.answers():
        # Installing it started it.
        if ways:
            _remember(marker, how=ways[0][0])
        return
    for how, start in ways:
        if start() == 0 and _waited(machine.answers, machine, _START_SECONDS / 2):
            _remember(marker, how=how)
            return
    # A container or a bare virtual machine has no service manager that works, but dockerd itself may.
    pid = machine.spawn(["dockerd"])
    if not _waited(machine.answers, machine, _START_SECONDS):
        with suppress(ProcessLookupError, PermissionError):
            machine.kill(pid)
        raise DockerError(f"the Docker daemon does not start on this machine: see {_DAEMON_LOG}")
    _remember(marker, how="process", pid=pid)


def _remember(marker: Path, **facts: str | int) -> None:
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(facts))


def _waited(happened: Callable[[], bool], machine: Machine, seconds: float) -> bool:
    step = 0.5
    for _ in range(int(seconds / step)):
        if happened():
            return True
        machine.pause(step)
    return happened()


def main() -> None:
    """Have a daemon that answers, before tests that need one."""
    try:
        ensure_daemon(lambda question: input(f"{question} [Y/n] ").strip().lower() in {"", "y", "yes"})
    except DockerError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
