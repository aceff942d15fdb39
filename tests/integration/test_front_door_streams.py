"""What goes on while it arrives: WebSockets, server-sent events, uploads, through the whole front door."""

from __future__ import annotations

import asyncio
import queue
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from local import ports
from local.front_door import FrontDoor
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from local.emulator import Emulator

PATIENCE = 20
MEGABYTE = 1024 * 1024
Codes = queue.Queue[int | None]
SEEN = web.AppKey("seen", asyncio.Semaphore)
CLOSED = web.AppKey("closed", queue.Queue)


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Say back what comes, and first how it was asked."""
    socket = web.WebSocketResponse(protocols=["chat.v2"], max_msg_size=0)
    await socket.prepare(request)
    await socket.send_json({"path": request.raw_path, **{k.lower(): v for k, v in request.headers.items()}})
    async for message in socket:
        if message.data == "leave":
            await socket.close(code=4001, message=b"as you wish")
        elif message.type is aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    request.app[CLOSED].put(socket.close_code)
    return socket


async def refuse(request: web.Request) -> web.Response:
    return web.Response(status=426, text=f"no {request.headers['Upgrade']} here", headers={"X-Why": "old"})


async def events(request: web.Request) -> web.StreamResponse:
    """Send one event, and the next only when the client has told that it has the first."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number in range(3):
        await response.write(f"data: {number}\n\n".encode())
        await asyncio.wait_for(request.app[SEEN].acquire(), PATIENCE)
    return response


async def seen(request: web.Request) -> web.Response:
    request.app[SEEN].release()
    return web.Response()


async def upload(request: web.Request) -> web.StreamResponse:
    """Tell of each piece as it comes."""
    response = web.StreamResponse()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(f"{len(piece)}\n".encode())
    return response


def application() -> web.Application:
    app = web.Application()
    app[SEEN], app[CLOSED] = asyncio.Semaphore(0), queue.Queue()
    for path, handler in (("/ws", echo), ("/old", refuse), ("/events", events)):
        app.router.add_get(path, handler)
    app.router.add_post("/seen", seen)
    app.router.add_post("/upload", upload)
    return app


@dataclass(frozen=True)
class Door:
    """A front door with a target behind it."""

    port: int
    host: str
    closed: Codes
    """The codes with which the target's WebSockets ended."""

    @asynccontextmanager
    async def client(self) -> AsyncIterator[aiohttp.ClientSession]:
        base, host = f"http://{ports.LOOPBACK}:{self.port}", f"{self.host}.localhost:{self.port}"
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(base, headers={"Host": host}, timeout=timeout) as client:
            yield client

    def run(self, work: Callable[[aiohttp.ClientSession], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with asyncio.timeout(PATIENCE), self.client() as client:
                await work(client)

        asyncio.run(whole())


@pytest.fixture(scope="module")
def target() -> Iterator[tuple[int, Codes]]:
    """A server in a thread of its own, for its port and the closed WebSockets."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[web.AppRunner, int, Codes]:
        app = application()
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, ports.LOOPBACK, 0).start()
        return runner, runner.addresses[0][1], app[CLOSED]

    runner, port, closed = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE)
    try:
        yield port, closed
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@pytest.fixture(scope="module")
def door(
    emulator: Emulator, target: tuple[int, Codes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    port, closed = target
    name = f"streams-{uuid.uuid4().hex[:8]}"
    zone = f"{name}.example.com"
    listener, balancer = load_balancer(emulator, name)
    for priority, (host, registered) in enumerate(((zone, port), (f"gone.{zone}", ports.any_free())), 1):
        rule(emulator, listener, f"{name}-{priority}", host=host, priority=priority, port=registered)
    lead(emulator, zone, balancer, hosts=[zone, f"gone.{zone}", f"none.{zone}"])
    front_door = FrontDoor.start(
        ports.any_free(), state_dir=tmp_path_factory.mktemp("front-door"), emulator=emulator.endpoint
    )
    try:
        yield Door(front_door.port, zone, closed)
    finally:
        front_door.stop()


def load_balancer(emulator: Emulator, name: str) -> tuple[str, str]:
    cloud = Cloud(emulator.endpoint)
    subnets = [subnet["SubnetId"] for subnet in cloud.client("ec2").describe_subnets()["Subnets"][:2]]
    elbv2 = cloud.client("elbv2")
    balancer = elbv2.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]
    fixed = {"StatusCode": "404", "MessageBody": "no service here"}
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
    )["Listeners"][0]["ListenerArn"]
    return listener, balancer["DNSName"]


def rule(emulator: Emulator, listener: str, name: str, *, host: str, priority: int, port: int) -> None:
    cloud = Cloud(emulator.endpoint)
    elbv2 = cloud.client("elbv2")
    vpc = cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    group = elbv2.create_target_group(Name=name, Protocol="HTTP", Port=3000, VpcId=vpc, TargetType="ip")[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": ports.LOOPBACK, "Port": port}])
    elbv2.create_rule(
        ListenerArn=listener,
        Priority=priority,
        Conditions=[{"Field": "host-header", "Values": [host]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )


def lead(emulator: Emulator, zone: str, balancer: str, *, hosts: list[str]) -> None:
    route53 = Cloud(emulator.endpoint).client("route53")
    zone_id = route53.create_hosted_zone(Name=zone, CallerReference=zone)["HostedZone"]["Id"]
    alias = {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": balancer, "EvaluateTargetHealth": True}
    changes: list[Any] = [
        {"Action": "UPSERT", "ResourceRecordSet": {"Name": host, "Type": "A", "AliasTarget": alias}}
        for host in hosts
    ]
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def test_a_websocket_carries_text_and_bytes_both_ways(door: Door) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("/ws", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_str("hello")
            assert await socket.receive_str() == "hello"
            await socket.send_bytes(bytes(5 * MEGABYTE))
            assert len(await socket.receive_bytes()) == 5 * MEGABYTE

    door.run(work)


def test_the_target_of_a_websocket_learns_who_asked_and_how(door: Door) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        headers = {"Cookie": "a=b", "Origin": "http://elsewhere.example"}
        async with client.ws_connect(
            URL(f"http://{ports.LOOPBACK}:{door.port}/ws?x=%2F", encoded=True),
            headers=headers,
            protocols=["chat.v3", "chat.v2"],
        ) as socket:
            told = await socket.receive_json()

            assert socket.protocol == "chat.v2"
            assert (told["path"], told["host"]) == ("/ws?x=%2F", door.host)
            assert (told["cookie"], told["origin"]) == ("a=b", "http://elsewhere.example")
            assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == (ports.LOOPBACK, "http")
            assert told["x-amzn-trace-id"].startswith("Root=1-")

    door.run(work)


def test_the_target_s_close_reaches_the_client_with_code_and_reason(door: Door) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("/ws", autoclose=False) as socket:
            await socket.receive_json()
            await socket.send_str("leave")
            message = await socket.receive()

            assert message.type is aiohttp.WSMsgType.CLOSE
            assert (message.data, message.extra) == (4001, "as you wish")

    door.run(work)


def test_the_client_s_close_reaches_the_target_with_its_code(door: Door) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("/ws") as socket:
            await socket.receive_json()
            await socket.close(code=4002)

    door.run(work)
    codes = iter(lambda: door.closed.get(timeout=PATIENCE), 4002)
    # Other tests close theirs too.
    assert all(code != 4002 for code in codes)


def test_what_a_target_says_instead_of_a_websocket_is_passed_on(door: Door) -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}

    async def work(client: aiohttp.ClientSession) -> None:
        async with client.get("/old", headers=headers) as response:
            assert (response.status, response.headers["X-Why"]) == (426, "old")
            assert await response.text() == "no websocket here"

    door.run(work)


@pytest.mark.parametrize(
    ("host", "status", "text"),
    [("none.", 404, "no service here"), ("gone.", 502, "does not answer: `make logs`")],
)
def test_a_websocket_to_nobody_gets_an_answer_that_says_so(
    door: Door, host: str, status: int, text: str
) -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Host": f"{host}{door.host}.localhost"}

    async def work(client: aiohttp.ClientSession) -> None:
        async with client.get("/ws", headers=headers) as response:
            assert response.status == status
            assert text in await response.text()

    door.run(work)


def test_server_sent_events_arrive_as_they_are_sent(door: Door) -> None:
    """The target sends the next one only when the client has said that it has the one before."""

    async def work(client: aiohttp.ClientSession) -> None:
        async with client.get("/events") as response:
            for number in range(3):
                assert await response.content.readuntil(b"\n\n") == f"data: {number}\n\n".encode()
                await client.post("/seen")

    door.run(work)


def test_a_body_of_unknown_length_reaches_the_target_as_it_is_sent(door: Door) -> None:
    """The client sends the next piece only when the target has told of the one before."""
    told = asyncio.Queue[bytes]()

    async def pieces() -> AsyncIterator[bytes]:
        for size in (10, 20, 30):
            yield bytes(size)
            assert await asyncio.wait_for(told.get(), PATIENCE) == f"{size}\n".encode()

    async def work(client: aiohttp.ClientSession) -> None:
        async with client.post("/upload", data=pieces()) as response:
            async for line in response.content:
                told.put_nowait(line)

    door.run(work)


def test_a_large_upload_arrives_whole(door: Door) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        async with client.post("/upload", data=bytes(80 * MEGABYTE)) as response:
            assert sum(map(int, (await response.text()).split())) == 80 * MEGABYTE

    door.run(work)
