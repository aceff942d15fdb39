"""Waiting for a host, and the emulators that the front door refuses; test_server.py tests its responses."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from local import ports
from local.front_door import FrontDoor, NoAnswerError
from local.front_door import __main__ as module
from local.processes import ProcessIdentity
from local.resources.cloud import NotLoopbackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Scripted(BaseHTTPRequestHandler):
    """Responds with the next status of the script, and repeats the last one."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.requests.append((self.headers["Host"], self.path))
        status = server.script.pop(0) if len(server.script) > 1 else server.script[0]
        body = f"status {status}\nmore".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    """A server on loopback with a script of statuses."""
    server: Any = ThreadingHTTPServer((ports.LOOPBACK, 0), Scripted)
    server.requests = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def front_door(tmp_path: Path, port: int) -> FrontDoor:
    return FrontDoor(
        state_dir=tmp_path,
        process=ProcessIdentity(0, ""),
        port=port,
        emulator="http://127.0.0.1:1",
        region="us-east-1",
    )


@pytest.mark.parametrize(
    ("script", "options"),
    [([404, 503, 502, 200], {}), ([404, 204], {"path": "/readyz", "accepts": range(200, 400)})],
)
def test_waiting_ends_at_the_first_accepted_status(
    tmp_path: Path, server: Any, script: list[int], options: dict[str, Any]
) -> None:
    server.script = [*script]

    front_door(tmp_path, server.server_port).wait_until_answers("dev.example.com", seconds=20, **options)

    request = (f"dev.example.com.localhost:{server.server_port}", options.get("path", "/"))
    assert server.requests == [request] * len(script)


def test_waiting_fails_with_the_address_and_the_last_response(tmp_path: Path, server: Any) -> None:
    server.script = [503]

    with pytest.raises(NoAnswerError) as error:
        front_door(tmp_path, server.server_port).wait_until_answers("dev.example.com", seconds=0, path="/x")

    address = f"http://dev.example.com.localhost:{server.server_port}/x"
    assert str(error.value) == f"{address} answers 503 after 0 s: status 503"


def test_waiting_fails_when_no_server_listens(tmp_path: Path) -> None:
    with pytest.raises(NoAnswerError, match="answers nothing after 0 s"):
        front_door(tmp_path, ports.any_free()).wait_until_answers("dev.example.com", seconds=0)


def test_an_emulator_on_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotLoopbackError, match="is not on this machine"):
        FrontDoor.start_or_join(state_dir=tmp_path, emulator="https://ecs.us-east-1.amazonaws.com")

    assert list(tmp_path.iterdir()) == []


def test_the_process_refuses_an_emulator_on_another_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--emulator", "https://sts.amazonaws.com", "--region", "us-east-1"]
    monkeypatch.setattr("sys.argv", ["front_door", *arguments])

    with pytest.raises(SystemExit, match="2"):
        module.main()

    assert "is not on this machine" in capsys.readouterr().err
