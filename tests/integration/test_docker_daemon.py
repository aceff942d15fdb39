"""A Docker daemon beside the machine's own, really started and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from local import docker, docker_daemon
from local.docker import DockerError
from local.docker_daemon import DockerDaemon
from local.processes import ProcessIdentity, spawn

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("dockerd") is None, reason="only root can start a Docker daemon"
    ),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short: that of a socket in it may have 104 characters."""
    with TemporaryDirectory(prefix="docker-") as folder:
        yield Path(folder)


@pytest.fixture
def daemon(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerDaemon]:
    """A daemon with a socket, data and a record of its own; it is ended with the test."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(docker_daemon, "_has_systemd", lambda: False)
    monkeypatch.setattr(docker_daemon, "_may_install", lambda: True)
    socket, pid_file = folder / "docker.sock", folder / "docker.pid"
    # In namespaces of its own: in the machine's it would delete the bridge of the machine's own daemon, and leave
    # its data folder mounted.
    command = ("unshare", "--net", "--mount", "dockerd", "--bridge", "none", "--iptables=false")
    command += ("--pidfile", str(pid_file))
    command += ("--host", f"unix://{socket}", "--data-root", str(folder / "data"))
    daemon = DockerDaemon(folder / "run", socket, pid_file, (*command, "--exec-root", str(folder / "exec")))
    yield daemon
    if (left := daemon._process()) is not None:
        left.signal(signal.SIGTERM)
        assert left.wait(30)


def start(daemon: DockerDaemon) -> list[str]:
    lines: list[str] = []
    with daemon.kept_running():
        daemon.start_or_join(say=lines.append)
    return lines


def test_the_daemon_stops_with_its_last_user(daemon: DockerDaemon) -> None:
    assert start(daemon) == ["Starting the Docker daemon."]
    process = daemon._process()
    assert process is not None
    assert docker.answers(daemon.socket)
    assert start(daemon) == []

    with daemon.kept_running():
        assert not daemon.stop_if_unused()
    assert daemon.stop_if_unused()

    assert not process.alive
    assert not docker.answers(daemon.socket)
    assert [path.name for path in daemon.folder.iterdir()] == ["docker.users"]


def test_a_daemon_that_exits_at_its_start_is_reported_at_once(daemon: DockerDaemon) -> None:
    began = time.monotonic()

    with pytest.raises(DockerError, match=r"(?s)the Docker daemon exited; its log, .*no-such-option"):
        start(replace(daemon, command=(*daemon.command, "--no-such-option")))

    assert time.monotonic() - began < docker_daemon._START_SECONDS / 2


def test_a_daemon_that_is_stopping_is_awaited_and_a_new_one_is_started(
    daemon: DockerDaemon, tmp_path: Path
) -> None:
    """As long as it lives, a daemon that is started beside it exits."""
    shutil.copy("/bin/sleep", tmp_path / "dockerd")
    ending = spawn([str(tmp_path / "dockerd"), "60"], log=tmp_path / "log", environment={})
    daemon.pid_file.write_text(str(ending.pid))
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if line.startswith("Another"):
            ending.signal(signal.SIGTERM)
            # Its parent is this process; dockerd takes one that nobody has waited for as running.
            os.waitpid(ending.pid, 0)

    with daemon.kept_running():
        daemon.start_or_join(say=say)

    assert lines == [
        f"Another Docker daemon, process {ending.pid}, is starting or stopping: waiting for it.",
        "Starting the Docker daemon.",
    ]
    assert daemon._process() != ending
    assert daemon.stop_if_unused()


def test_a_process_that_reuses_the_daemons_process_id_gets_no_signal(
    daemon: DockerDaemon, tmp_path: Path
) -> None:
    start(daemon)
    process = daemon._process()
    assert process is not None
    other = spawn(["sleep", "60"], log=tmp_path / "log", environment=os.environ)
    record = (daemon.folder / "docker.json").read_text()
    (daemon.folder / "docker.json").write_text(record.replace(str(process.pid), str(other.pid)))
    try:
        assert not daemon.stop_if_unused()

        assert ProcessIdentity.of(other.pid) == other
        assert process.alive
    finally:
        other.stop(seconds=5)
