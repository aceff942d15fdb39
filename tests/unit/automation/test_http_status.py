"""The HTTP status of an address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from automation.http_status import http_status
from local import ports


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = {"/": 200, "/gone": 404, "/elsewhere": 302}
        host = self.headers["Host"].partition(":")[0]
        self.send_response(known[self.path] if host in ("127.0.0.1", "dev.localhost") else 421)
        self.send_header("Location", "/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("path", "status"), [("", 200), ("/gone", 404), ("/elsewhere", 302)])
def test_every_status_is_returned_unchanged(port: int, path: str, status: int) -> None:
    assert http_status(f"http://127.0.0.1:{port}{path}") == status


def test_names_below_localhost_are_the_loopback_address(port: int) -> None:
    assert http_status(f"http://dev.localhost:{port}/") == 200


def test_without_a_response_the_status_is_none() -> None:
    assert http_status(f"http://127.0.0.1:{ports.any_free()}/") is None
