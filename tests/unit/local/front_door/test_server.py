"""The front door's server between a client and the tasks of a stack."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local.front_door import connections, routes, server
from local.front_door.routes import Route, Routes
from local.front_door.rules import in_order
from local.front_door.server import FrontDoorServer
from local.live.notes import Notes
from tests.unit.local.asynchronous import asynchronous

HOST = "dev.example.com"
BALANCER = "web-1.us-east-1.elb.amazonaws.com"
PORT = 8080
GET = f"GET / HTTP/1.1\r\nHost: {HOST}.localhost:{PORT}\r\n\r\n".encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Task = Callable[[StreamReader, StreamWriter], Awaitable[None]]


def rule(priority: int | str, action: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    return {
        "Priority": str(priority),
        "IsDefault": priority == "default",
        "Conditions": [],
        "Actions": [action],
        **more,
    }


def for_path(priority: int, path: str, action: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    condition = {"Field": "path-pattern", "Values": [path]}
    return rule(priority, action, Conditions=[condition], **more)


FORWARD = {"Type": "forward", "TargetGroupArn": "group"}
REWRITE = {"Rewrites": [{"Regex": "^/old/?(.*)$", "Replace": "/new/$1"}]}
RULES = (
    for_path(1, "/old*", FORWARD, Transforms=[{"Type": "url-rewrite", "UrlRewriteConfig": REWRITE}]),
    for_path(2, "/login", {"Type": "authenticate-oidc"}),
    for_path(3, "/empty", {"Type": "forward", "TargetGroupArn": "empty"}),
    for_path(
        4,
        "/moved",
        {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", "Path": "/to/#{path}"}},
    ),
    for_path(
        5,
        "/fixed",
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "none"}},
    ),
    rule("default", FORWARD),
)


def route(listener_port: int = 443) -> Route:
    return Route(
        load_balancer="web",
        listener_port=listener_port,
        tls=listener_port == 443,
        rules=in_order(RULES),
    )


class Elbv2:
    """A target group `group` whose targets a test can change, and the tags of its stack."""

    def __init__(self) -> None:
        self.targets: list[tuple[str, int]] = []
        self.reads = 0

    def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        self.reads += 1
        targets = self.targets if TargetGroupArn == "group" else []
        return {
            "TargetHealthDescriptions": [{"Target": {"Id": host, "Port": port}} for host, port in targets]
        }

    def describe_tags(self, ResourceArns: list[str]) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        tags = [{"Key": "Stack", "Value": "dev"}]
        return {"TagDescriptions": [{"ResourceArn": arn, "Tags": tags} for arn in ResourceArns]}


@dataclass
class Stage:
    """A front door, with the tasks that a test registers."""

    elbv2: Elbv2
    port: int
    _opened: list[asyncio.Server]

    async def register(self, task: Task) -> None:
        async def serve(reader: StreamReader, writer: StreamWriter) -> None:
            try:
                await task(reader, writer)
            finally:
                writer.close()

        opened = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._opened.append(opened)
        self.elbv2.targets.append(opened.sockets[0].getsockname())

    async def connect(self) -> tuple[StreamReader, StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def request(self, data: bytes = GET) -> bytes:
        """Send a request and return the complete response."""
        reader, writer = await self.connect()
        writer.write(data)
        response = await reader.read(-1)
        writer.close()
        return response


@asynccontextmanager
async def stage(read: Callable[[Any], Routes] | None = None) -> AsyncIterator[Stage]:
    elbv2 = Elbv2()
    cloud: Any = SimpleNamespace(client=lambda _service: elbv2, endpoint="http://127.0.0.1:4566")
    table = Routes({HOST: route(), "alice.dev.example.com": route(8443)}, {BALANCER: route()})
    patched = pytest.MonkeyPatch()
    patched.setattr(routes, "read", read or (lambda _cloud: table))
    door = FrontDoorServer(cloud, port=PORT)
    serving = await connections.serve(door.handle, host="127.0.0.1", port=0)
    opened: list[asyncio.Server] = [serving]
    try:
        yield Stage(elbv2, serving.sockets[0].getsockname()[1], opened)
    finally:
        patched.undo()
        for listening in opened:
            listening.close()


def on_stage(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test with a stage as its first argument."""

    @asynchronous
    async def run(**fixtures: Any) -> None:
        async with stage() as at:
            await test(at, **fixtures)

    signature = inspect.signature(test)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values()][1:])  # type: ignore[attr-defined]
    run.__doc__ = test.__doc__
    return run


async def echo(reader: StreamReader, writer: StreamWriter) -> None:
    """Respond with the request's head and body as JSON."""
    line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    answer = json.dumps({"line": line, "headers": headers, "body": body.decode("latin-1")}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
    await writer.drain()


def responds(data: bytes) -> Task:
    """A task that reads a head and sends these bytes."""

    async def task(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()

    return task


def request(
    path: str = "/", host: str = f"{HOST}.localhost:{PORT}", method: str = "GET", **headers: str
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def response_to(data: bytes = GET, task: Task | None = echo) -> bytes:
    """Return the response to a client of a stack with one task."""

    async def exchange() -> bytes:
        async with stage() as at:
            if task is not None:
                await at.register(task)
            return await at.request(data)

    return asyncio.run(asyncio.wait_for(exchange(), 20))


def received(data: bytes) -> Any:
    """Return the request that the task received."""
    return json.loads(response_to(data).partition(b"\r\n\r\n")[2])


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("host", "received_host"),
    [
        (f"{HOST}.localhost:8080", HOST),
        (f"{HOST}.localhost", HOST),
        (HOST, HOST),
        (f"{HOST.upper()}.localhost:1", HOST),
        (f"{BALANCER}.localhost:8080", BALANCER),
        ("alice.dev.example.com", "alice.dev.example.com:8443"),
    ],
)
def test_a_task_receives_the_host_as_on_aws(host: str, received_host: str) -> None:
    assert received(request(host=host))["headers"]["host"] == received_host


def test_a_task_receives_the_load_balancers_headers() -> None:
    headers = received(request(X_Forwarded_For="192.0.2.1"))["headers"]

    assert headers["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("https", "443")
    assert headers["x-amzn-trace-id"].startswith("Root=1-")


@pytest.mark.parametrize(
    ("path", "received_path"),
    [
        *((path, path) for path in ("/a%2Fb?x=1%202&y=%C3%A9", "/a/../b", "//a//b", "/%2e%2e/x")),
        ("/old/a%2Fb?q=/old", "/new/a%2Fb?q=/old"),
    ],
)
def test_paths_are_unchanged_unless_a_rule_rewrites_them(path: str, received_path: str) -> None:
    assert received(request(path))["line"] == f"GET {received_path} HTTP/1.1"


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_a_task_receives_method_headers_and_body(method: str) -> None:
    arrived = received(request(method=method, Cookie="a=b", Content_Length="6") + b"b\x00\xffody")

    assert arrived["line"].startswith(method)
    assert (arrived["headers"]["cookie"], arrived["body"]) == ("a=b", "b\x00\xffody")


def test_a_response_is_relayed_unchanged_except_for_connection_headers() -> None:
    response = b"HTTP/1.1 404 Not Here\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n\x1f\x8b not really zipped"

    assert response_to(task=responds(response)) == response.replace(
        b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
    )


UPGRADE = request(Connection="keep-alive, Upgrade", Upgrade="websocket", Sec_WebSocket_Key="x")
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n"
BEGIN = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "pieces"),
    [
        (request(method="POST", Expect="100-continue", Content_Length="4"), [CONTINUE, b"body", BEGIN]),
        (request(method="POST", Transfer_Encoding="chunked"), [BEGIN, b"one", b"two", b"three", b"four"]),
        (UPGRADE, [SWITCHING, b"\x81\x05hello", b"\x81\x05there", b"\x82\x01\x00", b"bye"]),
    ],
    ids=["100 Continue", "uploads and events", "a WebSocket"],
)
@on_stage
async def test_bytes_are_relayed_as_they_are_sent(at: Stage, sent: bytes, pieces: list[bytes]) -> None:
    """Task and client take turns: each sends its piece only when it has received the other's."""

    async def task(reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert (b"Connection: Upgrade\r\n" in head) == (sent == UPGRADE)
        for number, piece in enumerate(pieces):
            if number % 2 == 0:
                writer.write(piece)
            else:
                assert await reader.readexactly(len(piece)) == piece

    await at.register(task)
    reader, writer = await at.connect()
    writer.write(sent)
    for number, piece in enumerate(pieces):
        if number % 2 == 1:
            writer.write(piece)
        else:
            assert await reader.readexactly(len(piece)) == piece
    assert await reader.read(-1) == b""
    writer.close()


def test_the_refusal_of_a_websocket_is_relayed() -> None:
    response = response_to(UPGRADE, responds(b"HTTP/1.1 426 Upgrade Required\r\nX-Why: old\r\n\r\nno"))

    assert (status(response), b"X-Why: old" in response, response[-2:]) == (426, True, b"no")


@on_stage
async def test_when_the_client_disconnects_the_request_to_the_task_ends(at: Stage) -> None:
    """A closed browser must not keep a stream open."""
    ended = asyncio.Event()

    async def task(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")
        assert await reader.read(-1) == b""
        ended.set()

    await at.register(task)
    reader, writer = await at.connect()
    writer.write(GET)
    await reader.readuntil(b"data: 1\n\n")
    writer.close()
    await ended.wait()


@on_stage
async def test_a_response_that_breaks_off_resets_the_connection(at: Stage) -> None:
    """The client must not take half a response for a complete one."""

    async def task(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await writer.drain()
        assert await reader.readexactly(1) == b"!"
        connections.reset(writer)

    await at.register(task)
    reader, writer = await at.connect()
    writer.write(GET)
    await reader.readuntil(b"half")
    writer.write(b"!")
    with pytest.raises(ConnectionResetError):
        await reader.read(-1)
    writer.close()


@on_stage
async def test_a_client_receives_the_response_to_an_upload_that_is_refused_early(at: Stage) -> None:
    async def refuse(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\n\r\nless")
        writer.write_eof()
        while await reader.read(2**16):
            pass

    await at.register(refuse)
    reader, writer = await at.connect()
    writer.write(request(method="POST", Content_Length=str(2**30)))
    for _ in range(200):
        writer.write(bytes(2**16))
        await writer.drain()
    assert (await reader.read(-1)).endswith(b"less")
    writer.close()


@pytest.mark.parametrize(
    ("location", "local"),
    [
        ("https://dev.example.com:443/a?b=c#d", "http://dev.example.com.localhost:8080/a?b=c#d"),
        ("https://alice.dev.example.com/", "http://alice.dev.example.com.localhost:8080/"),
        (f"http://{BALANCER}./x", f"http://{BALANCER}.localhost:8080/x"),
        ("https://accounts.example.org/login", "https://accounts.example.org/login"),
        ("/relative", "/relative"),
        ("mailto:dev.example.com", "mailto:dev.example.com"),
    ],
)
def test_redirects_to_a_stack_are_converted_to_local_addresses(location: str, local: str) -> None:
    response = response_to(task=responds(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode()))

    assert f"\r\nLocation: {local}\r\n".encode() in response


def test_a_redirect_rule_is_answered_without_a_task() -> None:
    response = response_to(request("/moved?a=b"), task=None)

    assert status(response) == 302
    assert f"Location: http://{HOST}.localhost:8080/to/moved?a=b\r\n".encode() in response
    assert b"Server: awselb/2.0\r\n" in response


@pytest.mark.parametrize(("method", "body"), [("GET", b"none"), ("HEAD", b"")])
def test_a_fixed_response_rule_is_answered_without_a_task(method: str, body: bytes) -> None:
    response = response_to(request("/fixed", method=method), task=None)

    assert (status(response), response.partition(b"\r\n\r\n")[2]) == (404, body)
    assert b"Server: awselb/2.0\r\n" in response
    assert b"Content-Length: 4\r\n" in response


NOT_HTTP = "The task does not answer in HTTP/1.1"


@pytest.mark.parametrize(
    ("data", "task", "expected", "sentence"),
    [
        (b"hello\r\n\r\n", None, 400, "Bad request: this is not HTTP/1.1"),
        (request("http://elsewhere/"), None, 400, "the target is not a path"),
        (request("/login"), None, 501, "does not support authenticate-oidc"),
        (request("/empty"), None, 503, "No task is registered for this host: see `make status`"),
        (GET, responds(b""), 502, f"{NOT_HTTP} (the connection ended before the end of the headers): see `make logs`"),
        (GET, responds(b"SSH-2.0-x\r\n\r\n"), 502, f"{NOT_HTTP} (this is not HTTP/1.1)"),
    ],
)  # fmt: skip
def test_requests_that_no_task_answers_get_a_message(
    data: bytes, task: Task | None, expected: int, sentence: str
) -> None:
    response = response_to(data, task)

    assert status(response) == expected
    assert sentence in response.decode()


async def closed_port() -> tuple[str, int]:
    """Return an address that refuses connections."""
    closed = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    address = closed.sockets[0].getsockname()
    closed.close()
    return address


@on_stage
async def test_tasks_that_refuse_connections_are_skipped(at: Stage) -> None:
    """To a load balancer, a task that does not listen is unhealthy."""
    at.elbv2.targets += [await closed_port() for _ in range(5)]
    await at.register(responds(OK))
    for _ in range(5):
        assert status(await at.request()) == 200


@on_stage
async def test_targets_are_read_again_when_all_known_ones_refuse_connections(
    at: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "TARGETS_SECONDS", 60.0)
    host, port = await closed_port()
    at.elbv2.targets = [(host, port)]
    response = await at.request()
    assert status(response) == 502
    assert f"No task accepts a connection at {host}:{port}: see `make logs`" in response.decode()
    await at.register(responds(OK))
    assert status(await at.request()) == 200


@asynchronous
async def test_records_and_targets_are_read_once_for_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ROUTES_SECONDS", 60.0)
    monkeypatch.setattr(server, "TARGETS_SECONDS", 60.0)
    reads: list[None] = []

    def read(_cloud: Any) -> Routes:
        reads.append(None)
        return Routes({HOST: route()}, {})

    async with stage(read) as at:
        await at.register(responds(OK))
        answers = await asyncio.gather(*(at.request() for _ in range(20)))
        assert [status(answer) for answer in answers] == [200] * 20
        assert (len(reads), at.elbv2.reads) == (1, 1)


@asynchronous
async def test_a_new_record_is_used_when_the_cached_routes_are_too_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "ROUTES_SECONDS", 0.0)
    monkeypatch.setattr(server, "NEW_HOST_SECONDS", 60.0)
    answers = [Routes({}, {}), Routes({HOST: route()}, {})]

    async with stage(lambda _cloud: answers.pop(0)) as at:
        await at.register(responds(OK))
        assert [status(await at.request()) for _ in range(2)] == [404, 200]


@asynchronous
async def test_routes_are_read_again_for_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ROUTES_SECONDS", 60.0)
    monkeypatch.setattr(server, "NEW_HOST_SECONDS", 0.0)
    answers = [Routes({}, {}), Routes({HOST: route()}, {})]

    async with stage(lambda _cloud: answers.pop(0)) as at:
        await at.register(responds(OK))
        assert status(await at.request()) == 200


@asynchronous
async def test_without_an_emulator_the_message_says_what_to_do() -> None:
    def read(cloud: Any) -> Routes:
        raise EndpointConnectionError(endpoint_url=cloud.endpoint)

    async with stage(read) as at:
        response = await at.request()
        assert status(response) == 502
        assert b"does not answer: `make status` shows what runs, `make up` starts it" in response


@pytest.mark.parametrize(
    "host", ["prod.example.com.localhost:8080", "prod.example.com", "localhost.prod.example.com"]
)
def test_an_unknown_host_gets_a_link_to_the_page_and_no_hosts(host: str) -> None:
    """A website whose name resolves to 127.0.0.1 must not read which stacks there are."""
    response = response_to(request(host=host), task=None).decode()

    assert response.startswith("HTTP/1.1 404 ")
    assert "http://localhost:8080 lists the local stacks" in response
    assert "dev.example.com" not in response


def test_only_this_machines_own_names_get_the_page() -> None:
    own, other = (
        response_to(request("/page.css", host=f"{name}:8080")) for name in ("localhost", "evil.example")
    )

    assert (status(own), b"Content-Type: text/css" in own) == (200, True)
    assert (status(other), b"No DNS record for evil.example" in other) == (404, True)


def test_clients_that_disconnect_are_not_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test() -> None:
        arrived = asyncio.Event()

        async def wait(reader: StreamReader, _writer: StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            await reader.read(-1)

        async with stage() as at:
            await at.register(wait)
            for data in (b"", b"GET", GET):
                _, writer = await at.connect()
                writer.write(data)
                if data == GET:
                    await arrived.wait()
                writer.transport.abort()
            assert status(await at.request(request("/empty"))) == 503

    with caplog.at_level(logging.WARNING):
        asyncio.run(asyncio.wait_for(test(), 20))
    assert caplog.records == []
    assert "Traceback" not in capsys.readouterr().err


# While `dev` restarts the app


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Notes of `dev` that the front door reads."""
    notes = Notes.of(tmp_path)
    for name, value in notes.variables.items():
        monkeypatch.setenv(name, value)
    return notes


@on_stage
async def test_a_request_waits_while_the_app_restarts(at: Stage, notes: Notes) -> None:
    notes.note_restart("dev", under_way=True)
    response = asyncio.create_task(at.request())
    # It has read the targets, and read them again.
    while at.elbv2.reads < 2 and not response.done():  # noqa: ASYNC110 -- there is no event for this
        await asyncio.sleep(0.01)
    await at.register(responds(OK))
    assert status(await response) == 200


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {}, 200),
        ("HEAD", {}, 200),
        ("POST", {}, 502),
        ("GET", {"Content_Length": "0"}, 200),
        ("GET", {"Content_Length": "5"}, 502),
        ("GET", {"Transfer_Encoding": "chunked"}, 502),
    ],
)
def test_only_a_get_without_a_body_is_sent_again_to_a_restarted_app(
    notes: Notes, method: str, headers: dict[str, str], expected: int
) -> None:
    notes.note_restart("dev", under_way=True)
    requests = 0

    async def killed_once(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal requests
        requests += 1
        await reader.readuntil(b"\r\n\r\n")
        if requests > 1:
            writer.write(OK)

    assert status(response_to(request(method=method, **headers), killed_once)) == expected


def test_a_request_does_not_wait_for_an_app_that_has_crashed(notes: Notes) -> None:
    notes.note_restart("dev", under_way=True)
    notes.note_restart("dev", under_way=False)

    assert status(response_to(task=None)) == 503


def test_a_request_does_not_wait_for_the_apps_of_another_stack(notes: Notes) -> None:
    notes.note_restart("staging", under_way=True)

    assert status(response_to(task=None)) == 503
