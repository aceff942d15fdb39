"""The front door's server between a client and tasks, byte by byte."""

from __future__ import annotations

import asyncio
import json
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
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

HOST = "dev.example.com"
BALANCER = "web-1.us-east-1.elb.amazonaws.com"
PORT = 8080
GET = f"GET / HTTP/1.1\r\nHost: {HOST}.localhost:{PORT}\r\n\r\n".encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Task = Callable[[StreamReader, StreamWriter], Awaitable[None]]


def rule(priority: int | str, action: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    return {
        "RuleArn": f"rule-{priority}",
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
        load_balancer_arn="balancer",
        dns_name=BALANCER,
        listener_port=listener_port,
        tls=listener_port == 443,
        rules=in_order(RULES),
    )


class Elbv2:
    """Target groups whose targets a test can change, and tags."""

    def __init__(self) -> None:
        self.targets: list[tuple[str, int]] = []
        self.reads = 0

    def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        self.reads += 1
        found = self.targets if TargetGroupArn == "group" else []
        return {"TargetHealthDescriptions": [{"Target": {"Id": host, "Port": port}} for host, port in found]}

    def describe_tags(self, ResourceArns: list[str]) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        stacks = {"balancer": "dev"}
        return {
            "TagDescriptions": [
                {"ResourceArn": arn, "Tags": [{"Key": "Stack", "Value": stacks[arn]}]}
                for arn in ResourceArns
                if arn in stacks
            ]
        }


@dataclass
class Stage:
    """A front door before an emulator, with the tasks that a test registers."""

    elbv2: Elbv2
    port: int
    _opened: list[asyncio.Server]

    async def register(self, task: Task) -> None:
        self.elbv2.targets.append(await self.listen(task))

    async def listen(self, task: Task) -> tuple[str, int]:
        async def serve(reader: StreamReader, writer: StreamWriter) -> None:
            try:
                await task(reader, writer)
            finally:
                writer.close()

        opened = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._opened.append(opened)
        return opened.sockets[0].getsockname()

    async def connect(self) -> tuple[StreamReader, StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, data: bytes = GET) -> bytes:
        """Return the whole answer to what a client sends."""
        reader, writer = await self.connect()
        writer.write(data)
        answer = await reader.read(-1)
        writer.close()
        return answer


@asynccontextmanager
async def stage(read: Callable[[Any], Routes] | None = None) -> AsyncIterator[Stage]:
    elbv2 = Elbv2()
    cloud: Any = SimpleNamespace(client=lambda _service: elbv2, endpoint="http://127.0.0.1:4566")
    known = Routes({HOST: route(), "alice.dev.example.com": route(8443)}, {BALANCER: route()})
    patched = pytest.MonkeyPatch()
    patched.setattr(routes, "read", read or (lambda _cloud: known))
    door = FrontDoorServer(cloud, port=PORT)
    serving = await connections.serve(door.handle, host="127.0.0.1", port=0)
    opened: list[asyncio.Server] = [serving]
    try:
        yield Stage(elbv2, serving.sockets[0].getsockname()[1], opened)
    finally:
        patched.undo()
        for each in opened:
            each.close()


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


async def echo(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer with the request's head and as much body as it says that there is."""
    line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    answer = json.dumps({"line": line, "headers": headers, "body": body.decode("latin-1")}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
    await writer.drain()


def says(answer: bytes) -> Task:
    """A task that reads a head and answers with these bytes."""

    async def task(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return task


def request(
    path: str = "/", host: str = f"{HOST}.localhost:{PORT}", method: str = "GET", **headers: str
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def answer_to(data: bytes = GET, task: Task | None = echo) -> bytes:
    """Return the answer that a client gets whose stack has one task."""
    answers: list[bytes] = []

    async def test() -> None:
        async with stage() as at:
            if task is not None:
                await at.register(task)
            answers.append(await at.ask(data))

    run(test())
    return answers[0]


def told(data: bytes) -> Any:
    """Return what the task got."""
    return json.loads(answer_to(data).partition(b"\r\n\r\n")[2])


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "host", [f"{HOST}.localhost:8080", f"{HOST}.localhost", HOST, f"{HOST.upper()}.localhost:1"]
)
def test_a_task_gets_the_host_as_it_is_on_aws(host: str) -> None:
    assert told(request(host=host))["headers"]["host"] == HOST


def test_a_load_balancers_own_name_leads_to_its_tasks() -> None:
    assert told(request(host=f"{BALANCER}.localhost:8080"))["headers"]["host"] == BALANCER


def test_an_unusual_listener_port_stays_in_the_host() -> None:
    assert told(request(host="alice.dev.example.com"))["headers"]["host"] == "alice.dev.example.com:8443"


def test_a_task_learns_who_asked_and_how() -> None:
    headers = told(request(X_Forwarded_For="192.0.2.1"))["headers"]

    assert headers["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("https", "443")
    assert headers["x-amzn-trace-id"].startswith("Root=1-")


@pytest.mark.parametrize("path", ["/a%2Fb?x=1%202&y=%C3%A9", "/a/../b", "//a//b", "/%2e%2e/x"])
def test_path_and_query_arrive_as_they_were_sent(path: str) -> None:
    assert told(request(path))["line"] == f"GET {path} HTTP/1.1"


def test_a_path_is_rewritten_as_its_rule_says() -> None:
    assert told(request("/old/a%2Fb?q=/old"))["line"] == "GET /new/a%2Fb?q=/old HTTP/1.1"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method_headers_and_body_arrive(method: str) -> None:
    arrived = told(request(method=method, Cookie="a=b", Content_Length="6") + b"b\x00\xffody")

    assert arrived["line"].startswith(method)
    assert (arrived["headers"]["cookie"], arrived["body"]) == ("a=b", "b\x00\xffody")


def test_an_answer_is_passed_on_with_all_that_it_has_and_no_more() -> None:
    answer = b"HTTP/1.1 404 Not Here\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n\x1f\x8b not really zipped"

    assert answer_to(task=says(answer)) == answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def test_a_client_may_ask_whether_to_send_its_body() -> None:
    async def task(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await reader.readexactly(4) == b"body"
        writer.write(OK)
        await writer.drain()

    async def test() -> None:
        async with stage() as at:
            await at.register(task)
            reader, writer = await at.connect()
            writer.write(request(method="POST", Expect="100-continue", Content_Length="4"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 Continue\r\n")
            writer.write(b"body")
            assert (await reader.read(-1)).endswith(b"ok")
            writer.close()

    run(test())


def test_uploads_and_events_arrive_as_they_are_sent() -> None:
    """Each end sends its next piece only when it has got the other's last one."""

    async def task(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(3):
            writer.write(await reader.readexactly(5))

    async def test() -> None:
        async with stage() as at:
            await at.register(task)
            reader, writer = await at.connect()
            writer.write(request(method="POST", Transfer_Encoding="chunked"))
            await reader.readuntil(b"\r\n\r\n")
            for piece in (b"one..", b"two..", b"three"):
                writer.write(piece)
                assert await reader.readexactly(5) == piece
            writer.close()

    run(test())


async def websocket(reader: StreamReader, writer: StreamWriter) -> None:
    """Accept a WebSocket and say back what comes; end it at `bye`."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"Connection: Upgrade\r\n" in head
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    while (data := await reader.read(100)) not in (b"", b"bye"):
        writer.write(data)


UPGRADE = request(Connection="keep-alive, Upgrade", Upgrade="websocket", Sec_WebSocket_Key="x")


def test_a_websocket_carries_bytes_both_ways_until_the_task_ends_it() -> None:
    async def test() -> None:
        async with stage() as at:
            await at.register(websocket)
            reader, writer = await at.connect()
            writer.write(UPGRADE)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            assert b"Connection: Upgrade\r\n" in head
            for data in (b"\x81\x05hello", b"\x82\x01\x00"):
                writer.write(data)
                assert await reader.readexactly(len(data)) == data
            writer.write(b"bye")
            assert await reader.read(-1) == b""
            writer.close()

    run(test())


def test_what_a_task_says_instead_of_a_websocket_is_passed_on() -> None:
    answer = answer_to(UPGRADE, says(b"HTTP/1.1 426 Upgrade Required\r\nX-Why: old\r\n\r\nno"))

    assert (status(answer), b"X-Why: old" in answer, answer[-2:]) == (426, True, b"no")


def test_a_client_that_leaves_ends_the_request_at_the_task() -> None:
    """A browser that left must not keep a stream open."""

    async def test() -> None:
        ended = asyncio.Event()

        async def task(reader: StreamReader, writer: StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")
            assert await reader.read(-1) == b""
            ended.set()

        async with stage() as at:
            await at.register(task)
            reader, writer = await at.connect()
            writer.write(GET)
            await reader.readuntil(b"data: 1\n\n")
            writer.close()
            await ended.wait()

    run(test())


def test_half_an_answer_does_not_look_like_a_whole_one() -> None:
    async def breaks_off(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await writer.drain()
        assert await reader.readexactly(1) == b"!"
        connections.reset(writer)

    async def test() -> None:
        async with stage() as at:
            await at.register(breaks_off)
            reader, writer = await at.connect()
            writer.write(GET)
            await reader.readuntil(b"half")
            writer.write(b"!")
            with pytest.raises(ConnectionResetError):
                await reader.read(-1)
            writer.close()

    run(test())


def test_a_client_gets_the_answer_to_an_upload_that_is_refused_before_its_end() -> None:
    async def refuses(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\n\r\nless")
        writer.write_eof()
        while await reader.read(2**16):
            pass

    async def test() -> None:
        async with stage() as at:
            await at.register(refuses)
            reader, writer = await at.connect()
            writer.write(request(method="POST", Content_Length=str(2**30)))
            for _ in range(200):
                writer.write(bytes(2**16))
                await writer.drain()
            assert (await reader.read(-1)).endswith(b"less")
            writer.close()

    run(test())


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        ("https://dev.example.com:443/a?b=c#d", "http://dev.example.com.localhost:8080/a?b=c#d"),
        ("https://alice.dev.example.com/", "http://alice.dev.example.com.localhost:8080/"),
        (f"http://{BALANCER}./x", f"http://{BALANCER}.localhost:8080/x"),
        ("https://accounts.example.org/login", "https://accounts.example.org/login"),
        ("/relative", "/relative"),
        ("mailto:dev.example.com", "mailto:dev.example.com"),
    ],
)
def test_redirects_to_a_stack_stay_on_this_machine_and_others_leave(location: str, seen: str) -> None:
    answer = answer_to(task=says(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode()))

    assert f"\r\nLocation: {seen}\r\n".encode() in answer


def test_a_listener_redirects_itself() -> None:
    answer = answer_to(request("/moved?a=b"), task=None)

    assert status(answer) == 302
    assert f"Location: http://{HOST}.localhost:8080/to/moved?a=b\r\n".encode() in answer
    assert b"Server: awselb/2.0\r\n" in answer


def test_a_listener_answers_itself() -> None:
    answer = answer_to(request("/fixed"), task=None)

    assert (status(answer), answer[-8:]) == (404, b"\r\n\r\nnone")
    assert b"Server: awselb/2.0\r\n" in answer


def test_a_head_request_gets_no_body() -> None:
    answer = answer_to(request("/fixed", method="HEAD"), task=None)

    assert b"Content-Length: 4\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("path", "expected", "sentence"),
    [
        ("/login", 501, "does not do authenticate-oidc"),
        ("/empty", 503, "No task is registered for this host: see `make status`"),
        ("http://elsewhere/", 400, "the target is not a path"),
    ],
)
def test_what_no_task_can_answer_is_said(path: str, expected: int, sentence: str) -> None:
    answer = answer_to(request(path), task=None)

    assert status(answer) == expected
    assert sentence in answer.decode()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (
            b"",
            "The task gives no answer in HTTP/1.1 (the connection ended before the end of a head): see `make logs`",
        ),
        (b"SSH-2.0-x\r\n\r\n", "The task gives no answer in HTTP/1.1 (this is not HTTP/1.1)"),
    ],
)
def test_a_task_that_does_not_answer_in_http_is_a_bad_gateway(sent: bytes, sentence: str) -> None:
    answer = answer_to(task=says(sent))

    assert status(answer) == 502
    assert sentence in answer.decode()


def test_what_is_not_http_gets_a_400() -> None:
    answer = answer_to(b"hello\r\n\r\n")

    assert status(answer) == 400
    assert b"Bad request: this is not HTTP/1.1" in answer


async def closed_port() -> tuple[str, int]:
    """Return an address that refuses connections."""
    gone = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    address = gone.sockets[0].getsockname()
    gone.close()
    return address


def test_a_task_that_takes_no_connection_is_passed_over() -> None:
    """A task that does not listen yet, or no more, is unhealthy to a load balancer."""

    async def test() -> None:
        async with stage() as at:
            at.elbv2.targets += [await closed_port() for _ in range(5)]
            await at.register(says(OK))
            for _ in range(5):
                assert status(await at.ask()) == 200

    run(test())


def test_when_all_known_tasks_are_gone_new_ones_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "TARGETS_SECONDS", 60.0)

    async def test() -> None:
        async with stage() as at:
            at.elbv2.targets = [await closed_port()]
            assert status(await at.ask()) == 502
            await at.register(says(OK))
            assert status(await at.ask()) == 200

    run(test())


def test_tasks_that_all_take_no_connection_are_named() -> None:
    async def test() -> None:
        async with stage() as at:
            host, port = await closed_port()
            at.elbv2.targets = [(host, port)]
            answer = await at.ask()
            assert status(answer) == 502
            assert f"No task takes a connection at {host}:{port}: see `make logs`" in answer.decode()

    run(test())


def test_records_and_targets_are_read_once_for_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ROUTES_SECONDS", 60.0)
    monkeypatch.setattr(server, "TARGETS_SECONDS", 60.0)
    reads: list[None] = []

    def read(_cloud: Any) -> Routes:
        reads.append(None)
        return Routes({HOST: route()}, {})

    async def test() -> None:
        async with stage(read) as at:
            await at.register(says(OK))
            answers = await asyncio.gather(*(at.ask() for _ in range(20)))
            assert [status(answer) for answer in answers] == [200] * 20
            assert (len(reads), at.elbv2.reads) == (1, 1)

    run(test())


def test_a_new_record_is_seen_when_the_old_answer_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ROUTES_SECONDS", 0.0)
    answers = [Routes({}, {}), Routes({HOST: route()}, {})]

    async def test() -> None:
        async with stage(lambda _cloud: answers.pop(0)) as at:
            await at.register(says(OK))
            assert [status(await at.ask()) for _ in range(2)] == [404, 200]

    run(test())


def test_an_emulator_that_is_gone_is_said_with_what_to_do() -> None:
    def read(cloud: Any) -> Routes:
        raise EndpointConnectionError(endpoint_url=cloud.endpoint)

    async def test() -> None:
        async with stage(read) as at:
            answer = await at.ask()
            assert status(answer) == 502
            assert b"does not answer: `make status` shows what runs, `make up` starts it" in answer

    run(test())


def test_a_host_without_a_record_is_told_the_hosts_that_there_are() -> None:
    answer = answer_to(request(host="prod.example.com.localhost:8080"), task=None)

    assert status(answer) == 404
    assert answer.partition(b"\r\n\r\n")[2].decode().splitlines() == [
        "No DNS record for prod.example.com",
        "dev:",
        "http://alice.dev.example.com.localhost:8080/",
        "http://dev.example.com.localhost:8080/",
    ]


def test_a_browser_that_asks_for_an_unknown_host_is_led_to_the_page() -> None:
    answer = answer_to(request(host="prod.example.com.localhost:8080", Accept="text/html"), task=None)

    assert b'<a href="http://localhost:8080">' in answer


def test_the_bare_address_shows_where_to_go() -> None:
    answer = answer_to(request(host="localhost:8080"), task=None)

    assert status(answer) == 200
    assert b"http://dev.example.com.localhost:8080/" in answer


def test_a_browser_gets_the_page_by_this_machine_s_own_name_alone() -> None:
    own, other = (
        answer_to(request("/page.css", host=f"{name}:8080")) for name in ("localhost", "evil.example")
    )

    assert (status(own), b"Content-Type: text/css" in own) == (200, True)
    assert (status(other), b"No DNS record for evil.example" in other) == (404, True)


def test_clients_that_leave_are_no_trouble_that_is_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can do anything about them, and a traceback looks as if somebody should."""

    async def test() -> None:
        arrived = asyncio.Event()

        async def waits(reader: StreamReader, _writer: StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            await reader.read(-1)

        async with stage() as at:
            await at.register(waits)
            for data in (b"", b"GET", GET):
                _, writer = await at.connect()
                writer.write(data)
                if data == GET:
                    await arrived.wait()
                writer.transport.abort()
            assert status(await at.ask(request("/empty"))) == 503

    with caplog.at_level(logging.WARNING):
        run(test())
    assert caplog.records == []
    assert "Traceback" not in capsys.readouterr().err


# While `dev` restarts the app


@pytest.fixture
def restarting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """A front door that `dev` has told that an app starts again."""
    notes = Notes.of(tmp_path)
    for name, value in notes.variables.items():
        monkeypatch.setenv(name, value)
    notes.note_restart("dev", under_way=True)
    return notes


def test_a_request_waits_for_an_app_that_is_restarted(restarting: Notes) -> None:
    async def test() -> None:
        async with stage() as at:
            asking = asyncio.create_task(at.ask())
            # It has looked for a task, and again for a newer one.
            while at.elbv2.reads < 2 and not asking.done():  # noqa: ASYNC110 -- nothing else tells
                await asyncio.sleep(0.01)
            await at.register(says(OK))
            assert status(await asking) == 200

    run(test())


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
def test_what_a_killed_app_had_is_sent_again_if_it_may_be(
    restarting: Notes, method: str, headers: dict[str, str], expected: int
) -> None:
    asked = 0

    async def killed_once(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        if asked > 1:
            writer.write(OK)

    assert status(answer_to(request(method=method, **headers), killed_once)) == expected


def test_an_app_that_has_crashed_is_not_waited_for(restarting: Notes) -> None:
    restarting.note_restart("dev", under_way=False)

    assert status(answer_to(task=None)) == 503
