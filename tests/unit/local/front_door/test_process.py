"""Waiting for a host, and what the front door refuses to start with; how it serves is in test_server.py."""

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
    """Answers with the next status of the script, then with its last one."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append((self.headers["Host"], self.path))
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
    server.asked = []
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


def test_it_waits_through_errors_until_200(tmp_path: Path, server: Any) -> None:
    server.script = [404, 503, 502, 200]

    front_door(tmp_path, server.server_port).wait_until_answers("dev.example.com", seconds=20)

    assert len(server.asked) == 4
    assert server.asked[0] == (f"dev.example.com.localhost:{server.server_port}", "/")


def test_it_gives_up_with_the_address_and_the_last_answer(tmp_path: Path, server: Any) -> None:
    server.script = [503]

    with pytest.raises(NoAnswerError) as error:
        front_door(tmp_path, server.server_port).wait_until_answers("dev.example.com", seconds=0, path="/x")

    address = f"http://dev.example.com.localhost:{server.server_port}/x"
    assert str(error.value) == f"{address} answers 503 after 0 s: status 503"


def test_it_gives_up_when_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(NoAnswerError, match="answers nothing after 0 s"):
        front_door(tmp_path, ports.any_free()).wait_until_answers("dev.example.com", seconds=0)


def test_it_never_leads_away_from_this_machine(tmp_path: Path) -> None:
    with pytest.raises(NotLoopbackError, match="is not on this machine"):
        FrontDoor.start_or_join(state_dir=tmp_path, emulator="https://ecs.us-east-1.amazonaws.com")

    assert list(tmp_path.iterdir()) == []


def test_it_takes_the_answers_and_the_path_that_it_is_told(tmp_path: Path, server: Any) -> None:
    """The health check's path and codes: an API may have no page."""
    server.script = [404, 204]

    front_door(tmp_path, server.server_port).wait_until_answers(
        "api.example.com", path="/readyz", accepts=range(200, 400), seconds=20
    )

    assert [path for _, path in server.asked] == ["/readyz", "/readyz"]


def test_an_emulator_elsewhere_is_refused_by_the_process_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--emulator", "https://sts.amazonaws.com", "--region", "us-east-1"]
    monkeypatch.setattr("sys.argv", ["front_door", *arguments])

    with pytest.raises(SystemExit, match="2"):
        module.main()

    assert "is not on this machine" in capsys.readouterr().err
