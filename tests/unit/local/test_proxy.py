"""The front door's server between a client and an emulator that echoes what it gets."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from botocore.exceptions import EndpointConnectionError
from yarl import URL

from local import direct, proxy, routes
from local.proxy import Proxy
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

HOST = "dev.example.com"
BALANCER = "web-1.us-east-1.elb.amazonaws.com"
PORT = 8080
REWRITE = routes.Rule(
    hosts=(), paths=("/alice", "/alice/*"), regex=re.compile("^/alice/?(.*)$"), replacement=r"/\g<1>"
)
UPSIDE_DOWN = routes.Rule(
    hosts=(), paths=("/old/*",), regex=re.compile("^/old/(.*)$"), replacement=r"/new/\g<1>"
)
ROUTE = routes.Route(
    load_balancer="web",
    dns_name=BALANCER,
    listener_arn="listener",
    listener_port=443,
    tls=True,
    rules=(REWRITE, UPSIDE_DOWN),
)
KNOWN = routes.Routes({HOST: ROUTE, "alice.dev.example.com": ROUTE}, {BALANCER: ROUTE})


@dataclass
class Answer:
    """What the client got."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """What the emulator says that it got."""
        return json.loads(self.body)


async def echo(request: web.Request) -> web.StreamResponse:
    return web.json_response(
        {
            "method": request.method,
            "path": request.raw_path,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": (await request.read()).decode("latin-1"),
        },
    )


@asynccontextmanager
async def front_door(
    monkeypatch: pytest.MonkeyPatch,
    emulated: Callable[[web.Request], Awaitable[web.StreamResponse]],
    read: Callable[[Cloud], routes.Routes],
) -> AsyncIterator[URL]:
    monkeypatch.setattr(routes, "read", read)
    # No rule of this emulator's forwards anything: tests/integration has what goes past a real one.
    monkeypatch.setattr(direct, "find", lambda *_: None)
    emulator = web.Application(client_max_size=2**24)
    emulator.router.add_route("*", "/{path:.*}", emulated)
    async with served(emulator) as behind, aiohttp.ClientSession(auto_decompress=False) as client:
        application = Proxy(Cloud(str(behind.origin())), port=PORT, client=client).application()
        async with served(application) as door:
            yield door


@asynccontextmanager
async def served(application: web.Application) -> AsyncIterator[URL]:
    """Serve with the settings of the front door, on any port."""
    runner = proxy._runner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield URL(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    finally:
        await runner.cleanup()


def ask(
    monkeypatch: pytest.MonkeyPatch,
    path: str = "/",
    *,
    host: str = f"{HOST}.localhost:{PORT}",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    data: Any = None,
    emulated: Callable[[web.Request], Awaitable[web.StreamResponse]] = echo,
    read: Callable[[Cloud], routes.Routes] = lambda _cloud: KNOWN,
) -> Answer:
    async def run() -> Answer:
        async with (
            front_door(monkeypatch, emulated, read) as door,
            aiohttp.ClientSession(auto_decompress=False) as client,
            client.request(
                method,
                URL(str(door.origin()) + path, encoded=True),
                headers={"Host": host, **(headers or {})},
                data=data,
                allow_redirects=False,
            ) as response,
        ):
            return Answer(response.status, dict(response.headers), await response.read())

    return asyncio.run(run())


def sends(
    status: int, body: bytes = b"", **headers: str
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def send(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status,
            body=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return send


@pytest.mark.parametrize(
    "host", [f"{HOST}.localhost:8080", f"{HOST}.localhost", HOST, f"{HOST.upper()}.localhost:1"]
)
def test_a_host_goes_to_its_load_balancers_listener(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    told = ask(monkeypatch, host=host).told

    assert told["path"] == "/_alb/web/"
    assert told["headers"]["host"] == f"{HOST}:443"


def test_a_load_balancers_own_name_does_not_make_the_emulator_forget_the_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = ask(monkeypatch, "/health", host=f"{BALANCER}.localhost:8080").told

    assert told["path"] == "/_alb/web/health"
    assert told["headers"]["host"] == f"{BALANCER}.:443"


@pytest.mark.parametrize(
    "path", ["/a%2Fb?x=1%202&y=%C3%A9", "/a/../../_ministack/reset", "//a//b", "/%2e%2e/x"]
)
def test_path_and_query_arrive_as_they_were_sent(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    assert ask(monkeypatch, path).told["path"] == f"/_alb/web{path}"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/alice", "/_alb/web%2Falice/"),
        ("/alice/", "/_alb/web%2Falice/"),
        ("/alice/a%2Fb?q=/alice", "/_alb/web%2Falice/a%2Fb?q=/alice"),
        ("/alicex", "/_alb/web/alicex"),
    ],
)
def test_a_prefix_that_a_rule_takes_away_counts_for_the_rule_only(
    monkeypatch: pytest.MonkeyPatch, path: str, asked: str
) -> None:
    assert ask(monkeypatch, path).told["path"] == asked


def test_a_rewrite_that_cannot_be_made_is_said_and_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, "/old/x")

    assert answer.status == 501
    assert b"rewrites a path by taking a prefix away only" in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method_body_and_headers_arrive(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    headers = {"X-Forwarded-For": "192.0.2.1", "Cookie": "a=b", "X-Mine": "yes"}

    told = ask(monkeypatch, method=method, data=b"body", headers=headers).told

    assert (told["method"], told["body"]) == (method, "body")
    assert headers.items() <= {name.title(): value for name, value in told["headers"].items()}.items()


def test_a_compressed_body_stays_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = ask(monkeypatch, method="POST", data=b"not really", headers={"Content-Encoding": "br"}).told

    assert told["headers"]["content-encoding"] == "br"
    assert ask(monkeypatch, emulated=sends(200, b"zipped", Content_Encoding="gzip")).body == b"zipped"


def test_a_header_may_be_as_long_as_a_load_balancer_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 15_000

    assert ask(monkeypatch, headers={"Cookie": long}).told["headers"]["cookie"] == long
    assert ask(monkeypatch, headers={"Cookie": "x" * 20_000}).status == 400


def test_headers_of_the_connection_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {
        "Connection": "keep-alive, X-Secret",
        "X-Secret": "1",
        "TE": "trailers",
        "Proxy-Authorization": "x",
    }

    told = ask(monkeypatch, headers=headers).told

    assert told["headers"].keys().isdisjoint({"x-secret", "te", "proxy-authorization"})


@pytest.mark.parametrize("status", [204, 304, 404, 502, 503])
def test_the_load_balancers_own_answers_are_passed_on_as_they_are(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    assert ask(monkeypatch, emulated=sends(status, Server="awselb/2.0")).status == status


def test_an_answer_without_a_type_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async def bare(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        return response

    async def strip(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.pop("Content-Type", None)

    async def run() -> dict[str, str]:
        monkeypatch.setattr(routes, "read", lambda _cloud: KNOWN)
        emulator = web.Application()
        emulator.router.add_get("/{path:.*}", bare)
        emulator.on_response_prepare.append(strip)
        async with served(emulator) as behind, aiohttp.ClientSession() as client:
            application = Proxy(Cloud(str(behind.origin())), port=PORT, client=client).application()
            async with served(application) as door, client.get(door, headers={"Host": HOST}) as got:
                return dict(got.headers)

    assert "Content-Type" not in asyncio.run(run())


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
def test_redirects_to_the_stack_stay_on_this_machine_and_others_leave(
    monkeypatch: pytest.MonkeyPatch, location: str, seen: str
) -> None:
    answer = ask(monkeypatch, emulated=sends(302, Location=location))

    assert (answer.status, answer.headers["Location"]) == (302, seen)


def test_an_answer_streams_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> bytes:
        first_seen = asyncio.Event()

        async def slow(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"first")
            await first_seen.wait()
            await response.write(b"second")
            return response

        async with (
            front_door(monkeypatch, slow, lambda _cloud: KNOWN) as door,
            aiohttp.ClientSession() as client,
            client.get(door, headers={"Host": HOST}) as response,
        ):
            begin = await response.content.readexactly(5)
            first_seen.set()
            return begin + await response.read()

    assert asyncio.run(asyncio.wait_for(run(), 20)) == b"firstsecond"


def test_a_body_streams_while_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large upload must not have to fit into memory."""

    async def run() -> bytes:
        arrived = asyncio.Event()

        async def receive(request: web.Request) -> web.StreamResponse:
            await request.content.readexactly(5)
            arrived.set()
            return web.Response(body=await request.read())

        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            await arrived.wait()
            yield b"second"

        async with (
            front_door(monkeypatch, receive, lambda _cloud: KNOWN) as door,
            aiohttp.ClientSession() as client,
            client.post(door, headers={"Host": HOST}, data=body()) as response,
        ):
            return await response.read()

    assert asyncio.run(asyncio.wait_for(run(), 20)) == b"second"


def test_half_an_answer_does_not_look_like_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
        ask(monkeypatch, emulated=break_off)


def test_a_websocket_that_no_rule_forwards_is_the_load_balancers_to_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = ask(monkeypatch, headers={"Connection": "Upgrade", "Upgrade": "websocket"}).told

    assert told["path"] == "/_alb/web/"
    assert "upgrade" not in told["headers"]


def test_an_unknown_host_gets_the_known_ones_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, host="prod.example.com.localhost:8080", headers={"Accept": "*/*"})

    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.body.decode().splitlines() == [
        "No record leads prod.example.com to a load balancer",
        "http://alice.dev.example.com.localhost:8080/",
        "http://dev.example.com.localhost:8080/",
    ]


def test_an_unknown_host_gets_the_known_ones_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, host="prod.example.com", headers={"Accept": "application/json"})

    assert answer.told["hosts"] == [
        "http://alice.dev.example.com.localhost:8080/",
        "http://dev.example.com.localhost:8080/",
    ]


def test_an_unknown_host_gets_the_known_ones_as_links(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, host="prod.example.com", headers={"Accept": "text/html,*/*;q=0.8"})

    assert (
        b'<a href="http://dev.example.com.localhost:8080/">dev.example.com.localhost:8080</a>' in answer.body
    )


def test_what_a_client_calls_a_host_is_never_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, host="<script>alert(1)</script>", headers={"Accept": "text/html"})

    assert b"<script>" not in answer.body


def test_the_bare_address_shows_where_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, host="localhost:8080")

    assert answer.status == 200
    assert b"http://dev.example.com.localhost:8080/" in answer.body


def test_an_emulator_that_is_gone_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(cloud: Cloud) -> routes.Routes:
        raise EndpointConnectionError(endpoint_url=cloud.endpoint)

    answer = ask(monkeypatch, read=read)

    assert answer.status == 502
    assert b"does not answer: `make status` shows what runs, `make up` starts it" in answer.body


def test_records_are_read_once_for_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Cloud] = []

    def read(cloud: Cloud) -> routes.Routes:
        reads.append(cloud)
        return KNOWN

    async def run() -> None:
        async with front_door(monkeypatch, echo, read) as door, aiohttp.ClientSession() as client:

            async def get() -> None:
                async with client.get(door, headers={"Host": HOST}) as response:
                    await response.read()

            await asyncio.gather(*(get() for _ in range(20)))

    monkeypatch.setattr(proxy, "ROUTES_SECONDS", 60.0)
    asyncio.run(run())
    assert len(reads) == 1


def test_a_new_record_is_seen_when_the_old_answer_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [routes.Routes({}, {}), KNOWN]

    async def run() -> list[int]:
        async with (
            front_door(monkeypatch, echo, lambda _cloud: answers.pop(0)) as door,
            aiohttp.ClientSession() as client,
        ):
            statuses: list[int] = []
            for _ in range(2):
                async with client.get(door, headers={"Host": HOST}) as response:
                    statuses.append(response.status)
            return statuses

    monkeypatch.setattr(proxy, "ROUTES_SECONDS", 0.0)
    assert asyncio.run(run()) == [404, 200]
