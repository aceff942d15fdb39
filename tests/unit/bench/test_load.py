"""The load test counts each request that failed, with its reason, and leaves nothing out of its times."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load import __main__ as load_test
from bench.load.generator import Load
from bench.load.tally import Sample, Tally, percentile
from bench.report import DOCUMENT, with_text

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, int]]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self)

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


def say(status: int, body: bytes = b"") -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


def say_half(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"half")
    request.close_connection = True


def loaded(answer: Answer, requests: int = 5) -> Tally:
    with server(answer) as address:
        with Load(lambda: address, connections=1) as load:
            load.wait_for(requests)
        return load.tally


def test_a_success_is_no_failure() -> None:
    tally = loaded(say(200, b"hello"))

    assert tally.requests >= 5
    assert tally.failures == {}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (say(502), "502"),
        (say(503, json.dumps({"message": "10.0.0.7:3000 is gone"}).encode()), "503 <address> is gone"),
        (hang_up, "closed without an answer on a new connection"),
        (say_half, "half an answer on a new connection"),
    ],
    ids=["status", "message", "no answer", "half an answer"],
)
def test_what_is_no_success_is_counted_by_its_reason(answer: Answer, reason: str) -> None:
    tally = loaded(answer)

    assert tally.failures == {reason: tally.requests}
    assert tally.p50_ms is None


def test_a_port_where_nobody_listens_refuses() -> None:
    with server(say(200)) as address:
        pass
    with Load(lambda: address, connections=1) as load:
        load.wait_for(1)

    assert set(load.tally.failures) == {"refused on a new connection"}


def test_a_connection_is_used_again() -> None:
    callers = set[tuple[str, int]]()

    def answer(request: BaseHTTPRequestHandler) -> None:
        callers.add(request.client_address)
        say(200)(request)

    loaded(answer)

    assert len(callers) == 1


def test_an_answer_that_is_late_delays_what_was_due_meanwhile() -> None:
    """A load test that waits with its next request as well would see one slow answer, not many."""
    first = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        if not first.is_set():
            first.set()
            threading.Event().wait(0.3)
        say(200)(request)

    with server(answer) as address:
        with Load(lambda: address, connections=1, rate=100) as load:
            load.wait_for(20)
        slow = [sample for sample in load.samples if sample.seconds > 0.1]

    assert len(slow) > 5


def test_failures_have_no_part_in_the_times() -> None:
    tally = Tally.of([Sample(0.010, None), Sample(0.020, None), Sample(9.0, "no answer in time")])

    assert (tally.requests, tally.failed, tally.p50_ms, tally.max_ms) == (3, 1, 10.0, 20.0)


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_the_smallest_value_that_covers_it(percent: float, value: float) -> None:
    assert percentile(range(1, 101), percent) == value


def test_the_page_shows_the_committed_results() -> None:
    committed, document = json.loads(load_test.RESULTS.read_text()), DOCUMENT.read_text()

    shown = with_text(document, load_test.text(committed), begin=load_test.BEGIN, end=load_test.END)

    assert document == shown, "run `make load`"
