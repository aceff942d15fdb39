"""The load test counts failed requests by reason, and measures without coordinated omission."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load.generator import Load, Sample, Tally, percentile

Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(respond: Respond) -> Iterator[tuple[str, int]]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            respond(self)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ("127.0.0.1", served.server_port)
    finally:
        served.shutdown()
        thread.join()
        served.server_close()


def status(code: int, body: bytes = b"") -> Respond:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return respond


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


def truncated(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"half")
    request.close_connection = True


def loaded(respond: Respond, requests: int = 5) -> Tally:
    with server(respond) as address:
        with Load(lambda: address, connections=1) as load:
            load.wait_for(requests)
        return load.tally


def test_a_successful_request_is_not_a_failure() -> None:
    tally = loaded(status(200, b"hello"))

    assert tally.requests >= 5
    assert tally.failures == {}


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (status(502), "502"),
        (status(503, json.dumps({"message": "10.0.0.7:3000 is gone"}).encode()), "503 <address> is gone"),
        (hang_up, "closed without a response on a new connection"),
        (truncated, "truncated response on a new connection"),
    ],
    ids=["status", "message", "no response", "truncated response"],
)
def test_failed_requests_are_counted_by_reason(respond: Respond, reason: str) -> None:
    tally = loaded(respond)

    assert tally.failures == {reason: tally.requests}
    assert tally.p50_ms is None


def test_a_refused_connection_is_a_failure() -> None:
    with server(status(200)) as address:
        pass
    with Load(lambda: address, connections=1) as load:
        load.wait_for(1)

    assert set(load.tally.failures) == {"refused on a new connection"}


def test_connections_are_reused() -> None:
    callers = set[tuple[str, int]]()

    def respond(request: BaseHTTPRequestHandler) -> None:
        callers.add(request.client_address)
        status(200)(request)

    loaded(respond)

    assert len(callers) == 1


def test_a_late_response_delays_the_requests_that_were_due_meanwhile() -> None:
    """With coordinated omission only one request would be slow."""
    first = threading.Event()

    def respond(request: BaseHTTPRequestHandler) -> None:
        if not first.is_set():
            first.set()
            threading.Event().wait(0.3)
        status(200)(request)

    with server(respond) as address:
        with Load(lambda: address, connections=1, rate=100) as load:
            load.wait_for(20)
        slow = [sample for sample in load.samples if sample.seconds > 0.1]

    assert len(slow) > 5


def test_failed_requests_do_not_count_for_the_times() -> None:
    tally = Tally.of([Sample(0.010, None), Sample(0.020, None), Sample(9.0, "timeout")])

    assert (tally.requests, tally.failures, tally.p50_ms, tally.max_ms) == (3, {"timeout": 1}, 10.0, 20.0)


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_the_smallest_value_that_covers_it(percent: float, value: float) -> None:
    assert percentile(range(1, 101), percent) == value
