"""Clients of the Docker daemon, and the messages without a daemon."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from local.docker import DockerError, answers, connect, machine_architecture
from local.task_containers import clear_tasks, remove_containers

SILENT = "tcp://127.0.0.1:1"


class Api(BaseHTTPRequestHandler):
    """Responds to a ping with the server's status."""

    def do_GET(self) -> None:
        server: Any = self.server
        self.send_response(server.status if self.path == "/_ping" else 404)
        self.end_headers()

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A daemon's socket, with the status of its responses."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    server: Any = ThreadingUnixStreamServer(str(tmp_path / "docker.sock"), Api)
    server.status = 200
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "expected"), [(200, True), (500, False)])
def test_a_daemon_answers_if_its_ping_succeeds(daemon: Any, status: int, expected: bool) -> None:  # noqa: FBT001
    daemon.status = status

    assert answers(Path(daemon.server_address)) is expected


def test_docker_host_chooses_another_daemon(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{daemon.server_address}")

    assert answers(Path("/nowhere/docker.sock"))


@pytest.mark.parametrize("listens", [True, False])
def test_a_socket_without_a_working_daemon_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, listens: bool
) -> None:
    """A killed daemon leaves its socket; a suspended one accepts connections and does not respond."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    server = ThreadingUnixStreamServer(str(tmp_path / "docker.sock"), Api)
    if not listens:
        server.server_close()

    assert not answers(tmp_path / "docker.sock", timeout=0.01)
    server.server_close()


def test_a_missing_daemon_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", SILENT)

    assert not answers()
    with pytest.raises(DockerError, match="unset DOCKER_HOST"):
        connect()


def test_without_a_daemon_there_are_no_containers_to_remove(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", SILENT)

    remove_containers("ministack.instance=it")
    assert clear_tasks(["task"], running=True) == []


@pytest.mark.parametrize(
    ("machine", "expected"), [("x86_64", "X86_64"), ("AMD64", "X86_64"), ("arm64", "ARM64")]
)
def test_processors_have_ecs_names(monkeypatch: pytest.MonkeyPatch, machine: str, expected: str) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)

    assert machine_architecture() == expected


def test_a_processor_that_ecs_lacks_is_an_error_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(DockerError, match="riscv64"):
        machine_architecture()
