"""The front door's HTTP server: DNS, TLS and load balancers of the local stacks, as a browser needs them.

It reads the head of a request, chooses a target, and copies bytes in both directions from then on: uploads,
events and WebSockets arrive as they are sent. A connection carries one request.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.front_door import connections, responses, routes
from local.front_door.caching import Cached
from local.front_door.heads import LONGEST_HEAD, BadHeadError, Head
from local.front_door.network_listeners import NetworkListeners
from local.front_door.routes import Address, Route, Routes
from local.live.notes import Notes
from local.page import guard
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from local.page.site import Site

SUFFIX: Final = ".localhost"
ROUTES_SECONDS: Final = 1.0
"""How long a changed record or rule may have no effect."""
NEW_HOST_SECONDS: Final = 0.5
"""How long a new host may be unknown. Each reading costs the emulator time in which it could start tasks."""
TARGETS_SECONDS: Final = 0.1

_CONNECT_SECONDS: Final = 5
_RESTART_POLL_SECONDS: Final = 0.02
_RETRIED_METHODS: Final = frozenset({"GET", "HEAD"})
_USUAL_PORTS: Final = frozenset({80, 443})
_LOAD_BALANCER_HEADERS: Final = {"Server": "awselb/2.0"}
_LISTENER_PATH: Final = re.compile(r"/network/([^/]+)/(\d+)")
"""Path by which `FrontDoor.network_address` requests the address of a network load balancer's listener."""


class RefusedError(Exception):
    """No task responds to a request; the message says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Client:
    """A client's connection and its request."""

    reader: StreamReader
    writer: StreamWriter
    request: Head
    host: str
    """Requested host, without `.localhost` and port."""


class FrontDoorServer:
    """Forwards requests for `<host>.localhost` to a task behind the load balancer of `<host>`."""

    def __init__(self, cloud: Cloud, *, port: int) -> None:
        self._cloud = cloud
        self._port = port
        self._notes = Notes.from_environment()
        self._routes = Cached(lambda: routes.read(cloud), ROUTES_SECONDS)
        self._targets: dict[str, Cached[frozenset[Address]]] = {}
        self._stacks: dict[str, str] = {}
        """Stack of each target group, by the group's ARN."""
        self.network = NetworkListeners(cloud, connect=self._connect, choose=self._choose)
        self._site: asyncio.Task[Site] | None = None

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Respond to the one request of a connection."""
        request = None
        try:
            request = await Head.read(reader)
            response = await self._respond(Client(reader, writer, request, _host(request.get("Host"))))
        except BadHeadError as error:
            response = responses.message(request, 400, f"Bad request: {error}")
        except RefusedError as error:
            response = responses.message(request, error.status, str(error))
        except (BotoCoreError, ClientError) as error:
            print(error, flush=True)
            sentence = f"The emulator at {self._cloud.endpoint} does not answer"
            response = responses.message(
                request, 502, f"{sentence}: `make status` shows what runs, `make up` starts it"
            )
        except OSError:
            # The client disconnected, or the task in the middle of its response.
            connections.reset(writer)
            return
        await connections.send_and_close(reader, writer, response)

    async def _respond(self, client: Client) -> bytes:
        """Return the response; empty if a target has sent it.

        Raises:
            RefusedError: no target responds.
            OSError: the client or the target ended the connection in the middle of the response.
        """
        request = client.request
        if guard.is_own(request, self._port):
            if listener := _LISTENER_PATH.fullmatch(request.target):
                address = self.network.address(listener[1], int(listener[2]))
                return responses.message(request, 200 if address else 404, address or "No such listener")
            site = await self._page()
            return await site.respond(request, client.reader, client.writer)
        table, route = await self._find_route(client.host)
        if route is None:
            # No list of hosts: a website whose name resolves to 127.0.0.1 could read it.
            sentence = f"No DNS record for {client.host or 'a request without a Host header'}"
            return responses.message(request, 404, sentence, f"http://localhost:{self._port}")
        if not request.target.startswith("/"):
            raise RefusedError(400, "Bad request: the target is not a path")
        rule = route.rule_for(client.host, request.target)
        match [action["Type"] for action in rule.actions]:
            case ["forward"]:
                forwarded = _to_target(client, rule.rewrite(request.target), route)
                group = rule.actions[0]["TargetGroupArn"]
                while True:
                    if await self._forward(client, forwarded, group, table):
                        return b""
                    await asyncio.sleep(_RESTART_POLL_SECONDS)
            case ["fixed-response"]:
                config = rule.actions[0]["FixedResponseConfig"]
                headers = _LOAD_BALANCER_HEADERS | {"Content-Type": config.get("ContentType", "text/plain")}
                status, body = int(config["StatusCode"]), config.get("MessageBody", "")
            case ["redirect"]:
                config = rule.actions[0]["RedirectConfig"]
                location = route.redirect_location(config, client.host, request.target)
                headers = _LOAD_BALANCER_HEADERS | {"Location": self._local_address(location, table)}
                status, body = int(config["StatusCode"].removeprefix("HTTP_")), ""
            case kinds:
                raise RefusedError(501, f"The local load balancer does not support {' and '.join(kinds)}")
        return responses.response(request, status, body, headers)

    async def _find_route(self, host: str) -> tuple[Routes, Route | None]:
        table = await self._routes.get()
        if route := table.find(host):
            return table, route
        table = await self._routes.get(seconds=NEW_HOST_SECONDS)
        return table, table.find(host)

    async def _page(self) -> Site:
        """Return the page, which is loaded at its first request."""
        if self._site is None:
            self._site = asyncio.create_task(asyncio.to_thread(self._load_page))
        return await asyncio.shield(self._site)

    def _load_page(self) -> Site:
        from local.page.site import Site

        network = self.network
        return Site(self._cloud, port=self._port, routes=self._routes, network=lambda: network.addresses)

    async def _forward(self, client: Client, request: Head, group: str, table: Routes) -> bool:
        """Relay a request to a target; return False if the target was restarted and a retry is safe."""
        from_target, to_target = await self._connect(group)
        to_target.write(bytes(request))
        upload = asyncio.create_task(connections.upload(client.reader, to_target))
        download = asyncio.create_task(self._send_back(from_target, client.writer, table))
        try:
            # The client's end ends both directions; the target's may come while the client still sends.
            await asyncio.wait({upload, download}, return_when=asyncio.FIRST_COMPLETED)
            if not download.done():
                raise ConnectionAbortedError
            download.result()
        except RefusedError:
            if not _may_be_retried(request) or not await self._is_restarting(group):
                raise
            return False
        else:
            return True
        finally:
            upload.cancel()
            download.cancel()
            to_target.close()
            await asyncio.gather(upload, download, return_exceptions=True)

    async def _connect(self, group: str) -> tuple[StreamReader, StreamWriter]:
        """Return a connection to a target; while `dev` restarts the app, wait for one."""
        while True:
            try:
                return await self._connect_now(group)
            except RefusedError:
                if not await self._is_restarting(group):
                    raise
            await asyncio.sleep(_RESTART_POLL_SECONDS)

    async def _is_restarting(self, group: str) -> bool:
        """Whether `dev` is restarting the apps of the stack that a target group belongs to."""
        restarting = self._notes.restarting_stacks() if self._notes else frozenset[str]()
        if restarting and group not in self._stacks:
            self._stacks[group] = await asyncio.to_thread(routes.stack_of_group, self._cloud, group)
        return bool(restarting) and self._stacks[group] in restarting

    async def _connect_now(self, group: str) -> tuple[StreamReader, StreamWriter]:
        """Return a connection to a target; skip those that accept none, as if they were unhealthy."""
        refused: frozenset[Address] = frozenset()
        for seconds in (None, 0):
            untried = await self._targets_of(group).get(seconds=seconds) - refused
            for address in random.sample(sorted(untried), len(untried)):
                with suppress(OSError):
                    opening = asyncio.open_connection(*address, limit=LONGEST_HEAD)
                    return await asyncio.wait_for(opening, _CONNECT_SECONDS)
            refused |= untried
        if not refused:
            raise RefusedError(503, "No task is registered for this host: see `make status`")
        addresses = ", ".join(f"{host}:{port}" for host, port in sorted(refused))
        raise RefusedError(502, f"No task accepts a connection at {addresses}: see `make logs`")

    async def _choose(self, group: str) -> Address | None:
        targets = sorted(await self._targets_of(group).get())
        return random.choice(targets) if targets else None  # noqa: S311 -- balances load

    def _targets_of(self, group: str) -> Cached[frozenset[Address]]:
        if group not in self._targets:
            self._targets[group] = Cached(lambda: routes.targets(self._cloud, group), TARGETS_SECONDS)
        return self._targets[group]

    async def _send_back(self, source: StreamReader, sink: StreamWriter, table: Routes) -> None:
        try:
            status = "100"
            # A task may ask for the body before its response; 101 is the response to a WebSocket.
            while status.startswith("1") and status != "101":
                head = await Head.read(source)
                status, location = head.line[1], head.get("Location")
                changed = {"Location": self._local_address(location, table)} if location else {}
                sink.write(bytes(head.forwarded(**changed)))
        except (BadHeadError, ConnectionError) as error:
            raise RefusedError(
                502, f"The task does not answer in HTTP/1.1 ({error}): see `make logs`"
            ) from error
        await connections.copy(source, sink)

    def _local_address(self, location: str, table: Routes) -> str:
        """Return the address on this machine for an address of a stack; other addresses unchanged."""
        parts = urlsplit(location)
        host = _host(parts.netloc)
        if parts.scheme not in {"http", "https"} or table.find(host) is None:
            return location
        return urlunsplit(parts._replace(scheme="http", netloc=f"{host}{SUFFIX}:{self._port}"))


def _host(header: str) -> str:
    """Return the host in a Host header or an address, without port and `.localhost`."""
    return header.rpartition("@")[2].partition(":")[0].lower().rstrip(".").removesuffix(SUFFIX)


def _may_be_retried(request: Head) -> bool:
    """Whether a second target may get a request: the part of a body that the client has sent is lost."""
    has_body = request.get("Transfer-Encoding") or request.get("Content-Length", "0") != "0"
    return request.method in _RETRIED_METHODS and not has_body


def _to_target(client: Client, target: str, route: Route) -> Head:
    """Return the request as a load balancer sends it to a target.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    request, port = client.request, route.listener_port
    address = client.writer.get_extra_info("peername")[0]
    trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    head = request.forwarded(
        Host=client.host if port in _USUAL_PORTS else f"{client.host}:{port}",
        X_Forwarded_For=", ".join([*request.get_all("X-Forwarded-For"), address]),
        X_Forwarded_Proto="https" if route.tls else "http",
        X_Forwarded_Port=str(port),
        X_Amzn_Trace_Id=request.get("X-Amzn-Trace-Id", trace),
    )
    return replace(head, line=(request.method, target, request.line[2]))
