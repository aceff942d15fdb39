"""The front door's server: DNS, TLS and load balancer for a browser, as the stacks' resources describe them.

It reads the head of a request, chooses a target, and passes bytes both ways from then on: uploads, events and
WebSockets arrive as they are sent. A connection carries one request.
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

from local.front_door import answers, connections, routes
from local.front_door.heads import LONGEST_HEAD, BadHeadError, Head
from local.front_door.kept import Kept
from local.front_door.network_listeners import NetworkListeners
from local.front_door.routes import Address, Route, Routes
from local.live.notes import Notes
from local.page import guard
from local.ports import LOOPBACK
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from local.page.site import Site

SUFFIX: Final = ".localhost"
ROUTES_SECONDS: Final = 1.0
"""How long a changed record or rule may lead to the old place."""
TARGETS_SECONDS: Final = 0.1

_CONNECT_SECONDS: Final = 5
_RESTART_POLL_SECONDS: Final = 0.02
_ASKED_AGAIN: Final = frozenset({"GET", "HEAD"})
"""Methods of requests that may be sent twice."""
_USUAL_PORTS: Final = frozenset({80, 443})
_OF_A_LOAD_BALANCER: Final = {"Server": "awselb/2.0"}
_ASKS_FOR_ADDRESS: Final = re.compile(r"/network/([^/]+)/(\d+)")
"""How `FrontDoor.network_address` asks where it finds the listener of a network load balancer."""


class RefusedError(Exception):
    """A request that no task answers; the front door says why."""

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
    """Host that it asks for, without `.localhost` and port."""


class FrontDoorServer:
    """Passes requests for `<host>.localhost` to a task behind the load balancer that `<host>` leads to."""

    def __init__(self, cloud: Cloud, *, port: int) -> None:
        self._cloud = cloud
        self._port = port
        self._notes = Notes.told()
        self._routes = Kept(lambda: routes.read(cloud), ROUTES_SECONDS)
        self._targets: dict[str, Kept[frozenset[Address]]] = {}
        self.network = NetworkListeners(cloud, connect=self._connect, choose=self._choose)
        self._site: asyncio.Task[Site] | None = None

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer the one request of a connection."""
        request = None
        try:
            request = await Head.read(reader)
            answer = await self._answer(Client(reader, writer, request, _host(request.first("Host"))))
        except BadHeadError as error:
            answer = answers.answer(request, 400, f"Bad request: {error}")
        except RefusedError as error:
            answer = answers.answer(request, error.status, str(error))
        except (BotoCoreError, ClientError) as error:
            print(error, flush=True)
            sentence = f"The emulator at {self._cloud.endpoint} does not answer"
            answer = answers.answer(
                request, 502, f"{sentence}: `make status` shows what runs, `make up` starts it"
            )
        except OSError:
            # The client is gone, or the task in the middle of its answer.
            connections.reset(writer)
            return
        await connections.finish(reader, writer, answer)

    async def _answer(self, client: Client) -> bytes:
        """Return the answer; nothing if a target has given it.

        Raises:
            RefusedError: no target answers.
            OSError: the client or the target has ended the connection in the middle of the answer.
        """
        if guard.is_own(client.request, self._port) and not _asks_in_text(client.request):
            site = await self._page()
            return await site.answer(client.request, client.reader, client.writer)
        known = await self._routes.get()
        route = known.find(client.host)
        if route is None:
            return await self._without_route(client, known)
        if not client.request.line[1].startswith("/"):
            raise RefusedError(400, "Bad request: the target is not a path")
        rule = route.rule_for(client.host, client.request.line[1])
        match [action["Type"] for action in rule.actions]:
            case ["forward"]:
                request = _to_target(client, rule.rewrite(client.request.line[1]), route)
                group = rule.actions[0]["TargetGroupArn"]
                while True:
                    if await self._forward(client, request, group, known):
                        return b""
                    await asyncio.sleep(_RESTART_POLL_SECONDS)
            case ["fixed-response"]:
                config = rule.actions[0]["FixedResponseConfig"]
                headers = _OF_A_LOAD_BALANCER | {"Content-Type": config.get("ContentType", "text/plain")}
                return answers.response(
                    client.request, int(config["StatusCode"]), config.get("MessageBody", ""), headers
                )
            case ["redirect"]:
                config = rule.actions[0]["RedirectConfig"]
                location = self._visible(route.location(config, client.host, client.request.line[1]), known)
                status = int(config["StatusCode"].removeprefix("HTTP_"))
                return answers.response(
                    client.request, status, "", _OF_A_LOAD_BALANCER | {"Location": location}
                )
            case kinds:
                raise RefusedError(501, f"The local load balancer does not do {' and '.join(kinds)}")

    async def _page(self) -> Site:
        """Return the page, which is loaded when somebody looks at it for the first time."""
        if self._site is None:
            self._site = asyncio.create_task(asyncio.to_thread(self._load_page))
        return await asyncio.shield(self._site)

    def _load_page(self) -> Site:
        from local.page.site import Site

        network = self.network
        return Site(self._cloud, port=self._port, routes=self._routes, network=lambda: network.addresses)

    async def _without_route(self, client: Client, known: Routes) -> bytes:
        if asked := _ASKS_FOR_ADDRESS.fullmatch(client.request.line[1]):
            address = self.network.address(asked[1], int(asked[2]))
            return answers.answer(client.request, 200 if address else 404, address or "No such listener")
        stacks = await asyncio.to_thread(routes.hosts_by_stack, self._cloud, known)
        urls = {
            stack: [f"http://{host}{SUFFIX}:{self._port}/" for host in hosts]
            for stack, hosts in stacks.items()
        }
        opened = self.network.opened
        owners = await asyncio.to_thread(routes.stacks_of, self._cloud, opened.values()) if opened else {}
        for address, balancer in sorted(opened.items()):
            urls.setdefault(owners.get(balancer, "no stack"), []).append(address)
        if client.host not in {"", "localhost", LOOPBACK}:
            page, sentence = f"http://localhost:{self._port}", f"No DNS record for {client.host}"
            return answers.answer(client.request, 404, sentence, urls, page=page)
        return answers.answer(
            client.request, 200, "Local stacks" if urls else "No local stack has a host", urls
        )

    async def _forward(self, client: Client, request: Head, group: str, known: Routes) -> bool:
        """Have a target answer; return False if it was restarted before that, and may be asked again."""
        from_target, to_target = await self._connect(group)
        to_target.write(bytes(request))
        upload = asyncio.create_task(connections.upload(client.reader, to_target))
        download = asyncio.create_task(self._pass_back(from_target, client.writer, known))
        try:
            # The client's end is the end of everything; the target's may come while the client still sends.
            await asyncio.wait({upload, download}, return_when=asyncio.FIRST_COMPLETED)
            if not download.done():
                raise ConnectionAbortedError
            download.result()
        except RefusedError:
            if not self._restarting or not _may_be_asked_again(request):
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
        """Return a connection to a target; wait for one while `dev` restarts the app."""
        while True:
            try:
                return await self._connect_now(group)
            except RefusedError:
                if not self._restarting:
                    raise
            await asyncio.sleep(_RESTART_POLL_SECONDS)

    @property
    def _restarting(self) -> bool:
        """Whether `dev` restarts an app."""
        return self._notes is not None and self._notes.restart_under_way()

    async def _connect_now(self, group: str) -> tuple[StreamReader, StreamWriter]:
        """Return a connection to a target; pass over those that take none, as if they were unhealthy."""
        refused: frozenset[Address] = frozenset()
        for newest in (False, True):
            new = await self._targets_of(group).get(newest=newest) - refused
            for address in random.sample(sorted(new), len(new)):
                with suppress(OSError):
                    opening = asyncio.open_connection(*address, limit=LONGEST_HEAD)
                    return await asyncio.wait_for(opening, _CONNECT_SECONDS)
            refused |= new
        if not refused:
            raise RefusedError(503, "No task is registered for this host: see `make status`")
        addresses = ", ".join(f"{host}:{port}" for host, port in sorted(refused))
        raise RefusedError(502, f"No task takes a connection at {addresses}: see `make logs`")

    async def _choose(self, group: str) -> Address | None:
        found = sorted(await self._targets_of(group).get())
        return next(iter(random.sample(found, len(found))), None)

    def _targets_of(self, group: str) -> Kept[frozenset[Address]]:
        if group not in self._targets:
            self._targets[group] = Kept(lambda: routes.targets(self._cloud, group), TARGETS_SECONDS)
        return self._targets[group]

    async def _pass_back(self, source: StreamReader, sink: StreamWriter, known: Routes) -> None:
        try:
            status = "100"
            # Before its answer, a task may say that it waits for the body; 101 is the answer to a WebSocket.
            while status.startswith("1") and status != "101":
                head = await Head.read(source)
                status, location = head.line[1], head.first("Location")
                changed = {"Location": self._visible(location, known)} if location else {}
                sink.write(bytes(head.passed_on(**changed)))
        except (BadHeadError, ConnectionError) as error:
            raise RefusedError(
                502, f"The task gives no answer in HTTP/1.1 ({error}): see `make logs`"
            ) from error
        await connections.copy(source, sink)

    def _visible(self, location: str, known: Routes) -> str:
        """Turn an address of a stack into one that this machine's browser finds."""
        parts = urlsplit(location)
        host = _host(parts.netloc)
        if parts.scheme not in {"http", "https"} or known.find(host) is None:
            return location
        return urlunsplit(parts._replace(scheme="http", netloc=f"{host}{SUFFIX}:{self._port}"))


def _host(header: str) -> str:
    """Return the host that a Host header or an address means, without port and `.localhost`."""
    return header.rpartition("@")[2].partition(":")[0].lower().rstrip(".").removesuffix(SUFFIX)


def _asks_in_text(request: Head) -> bool:
    """Whether a program asks where the hosts are, or `FrontDoor` where a listener is."""
    path = request.line[1].partition("?")[0]
    html = "text/html" in request.first("Accept")
    return path.startswith("/network/") or (path == "/" and request.line[0] != "POST" and not html)


def _may_be_asked_again(request: Head) -> bool:
    """Whether a target may get a request that another one had: what the client has sent of a body is gone."""
    has_body = request.first("Transfer-Encoding") or request.first("Content-Length", "0") != "0"
    return request.line[0] in _ASKED_AGAIN and not has_body


def _to_target(client: Client, target: str, route: Route) -> Head:
    """Return what a target gets from a load balancer: the request, and who, how and where asked.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    request, port = client.request, route.listener_port
    address = client.writer.get_extra_info("peername")[0]
    trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    head = request.passed_on(
        Host=client.host if port in _USUAL_PORTS else f"{client.host}:{port}",
        X_Forwarded_For=", ".join([*request.all("X-Forwarded-For"), address]),
        X_Forwarded_Proto="https" if route.tls else "http",
        X_Forwarded_Port=str(port),
        X_Amzn_Trace_Id=request.first("X-Amzn-Trace-Id", trace),
    )
    return replace(head, line=(request.line[0], target, request.line[2]))
