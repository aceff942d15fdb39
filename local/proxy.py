"""The front door's server: plays DNS and TLS for a browser, and leaves all the rest to the load balancer."""

from __future__ import annotations

import asyncio
import html
import json
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError
from multidict import CIMultiDict
from yarl import URL

from local import direct, metadata, routes
from local.ports import LOOPBACK
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIX: Final = ".localhost"
ROUTES_SECONDS: Final = 1.0
"""How long a record that changed may lead to the old place."""
CHUNK: Final = 64 * 1024
# What an Application Load Balancer takes: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/
# load-balancer-limits.html
MAX_LINE: Final = 16 * 1024
MAX_HEADER: Final = 16 * 1024

_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        # Answered here: the body is asked for when it is passed on.
        "expect",
    }
)
_OWN_HEADERS: Final = ("Content-Type", "Server")
"""What aiohttp adds to a response that has none."""
_PASSED_ON: Final = web.ResponseKey("passed_on", frozenset[str])


class Proxy:
    """Passes requests for `<host>.localhost` to the load balancer that `<host>` leads to."""

    def __init__(self, cloud: Cloud, *, port: int, client: aiohttp.ClientSession) -> None:
        self._cloud = cloud
        self._port = port
        self._client = client
        self._routes = routes.Routes({}, {})
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    def application(self) -> web.Application:
        """Return the server."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.handle)
        application.on_response_prepare.append(_add_nothing)
        return application

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        host = _host(request.headers.get("Host", ""))
        try:
            known = await self._current_routes()
        except (BotoCoreError, ClientError) as error:
            return self._no_emulator(request, error)
        route = known.find(host)
        if route is None:
            return self._unknown(request, host, known)
        if not request.raw_path.startswith("/"):
            return _say(request, 400, "The request's target has to be a path", [])
        try:
            if (direct.is_upgrade(request) or direct.is_stream(request)) and (
                answer := await self._past_the_emulator(request, host, route)
            ) is not None:
                return answer
            return await self._pass_on(request, host, route)
        except (aiohttp.ClientConnectionError, BotoCoreError, ClientError) as error:
            return self._no_emulator(request, error)

    async def _current_routes(self) -> routes.Routes:
        async with self._reading:
            if time.monotonic() - self._read_at > ROUTES_SECONDS:
                self._routes = await asyncio.to_thread(routes.read, self._cloud)
                self._read_at = time.monotonic()
            return self._routes

    async def _pass_on(self, request: web.Request, host: str, route: routes.Route) -> web.StreamResponse:
        headers = _end_to_end(request.headers)
        # The emulator finds the listener by the port. A load balancer's own name would lead it there by host,
        # with the prefix left in the path; with a dot at its end, the root's, it is the same name in DNS.
        name = f"{host}." if host == route.dns_name else host
        headers["Host"] = f"{name}:{route.listener_port}"
        target = _target(route, host, request.raw_path)
        if target is None:
            return _say(
                request, 501, "The emulated load balancer rewrites a path by taking a prefix away only", []
            )
        return await self._relay(request, URL(self._cloud.endpoint + target, encoded=True), headers)

    async def _past_the_emulator(
        self, request: web.Request, host: str, route: routes.Route
    ) -> web.StreamResponse | None:
        """Pass a request on to a target itself; None where the answer is the load balancer's own."""
        asked = direct.Asked(
            host=host,
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
        )
        target = await asyncio.to_thread(direct.find, self._cloud, route, asked)
        if target is None:
            return None
        path, mark, query = request.raw_path.partition("?")
        url = URL(f"http://{target}{route.rewrite(host, path)}{mark}{query}", encoded=True)
        headers = direct.headers_for(route, host, _end_to_end(request.headers), request.remote or LOOPBACK)
        try:
            if direct.is_upgrade(request):
                with suppress(direct.Refused):
                    return await direct.tunnel(request, self._client, url, headers.copy())
                # Whatever it said instead is said again, to the client.
                headers.update({"Upgrade": "websocket", "Connection": "Upgrade"})
            return await self._relay(request, url, headers)
        except aiohttp.ClientConnectorError as error:
            print(f"{request.method} {request.host}: {error}", flush=True)
            return _say(request, 502, f"The target {target} does not answer: `make logs` may tell why", [])

    async def _relay(self, request: web.Request, url: URL, headers: CIMultiDict[str]) -> web.StreamResponse:
        async with self._client.request(
            request.method,
            url,
            headers=headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as upstream:
            response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
            response.headers.extend(_end_to_end(upstream.headers))
            response[_PASSED_ON] = frozenset(name.lower() for name in upstream.headers)
            if (location := upstream.headers.get("Location")) is not None:
                response.headers["Location"] = self._visible(location)
            await response.prepare(request)
            try:
                async for chunk in upstream.content.iter_chunked(CHUNK):
                    await response.write(chunk)
            except aiohttp.ClientPayloadError:
                # Half an answer must not look like a whole one.
                if request.transport is not None:
                    request.transport.abort()
                return response
            await response.write_eof()
            return response

    def _visible(self, location: str) -> str:
        """Turn an address of the stack into one that this machine's browser finds."""
        parts = urlsplit(location)
        host = _host(parts.netloc)
        if parts.scheme not in {"http", "https"} or self._routes.find(host) is None:
            return location
        return urlunsplit(parts._replace(scheme="http", netloc=f"{host}{SUFFIX}:{self._port}"))

    def _unknown(self, request: web.Request, host: str, known: routes.Routes) -> web.Response:
        urls = [f"http://{name}{SUFFIX}:{self._port}/" for name in known.hosts]
        if host in {"", "localhost", LOOPBACK}:
            return _say(request, 200, "Hosts of this stack" if urls else "No host leads here yet", urls)
        return _say(request, 404, f"No record leads {host} to a load balancer", urls)

    def _no_emulator(self, request: web.Request, error: Exception) -> web.Response:
        print(f"{request.method} {request.host}: {error}", flush=True)
        return _say(
            request,
            502,
            f"The emulator at {self._cloud.endpoint} does not answer: `make status` shows what runs, "
            f"`make up` starts it",
            [],
        )


def _host(header: str) -> str:
    """Return the host that a Host header or an address means, without port and `.localhost`."""
    return header.rpartition("@")[2].partition(":")[0].lower().rstrip(".").removesuffix(SUFFIX)


def _target(route: routes.Route, host: str, raw_path: str) -> str | None:
    """Return what to ask the emulator for; None for a rewrite that it cannot be brought to make.

    It stores a rule's rewrite and does not follow it. But it chooses the rule by the decoded path and passes
    the encoded one on, from the slash after the load balancer's name: a prefix whose slashes are encoded
    counts for the rule and does not reach the target.
    """
    path, mark, query = raw_path.partition("?")
    rewritten = route.rewrite(host, path)
    balancer = f"/_alb/{route.load_balancer}"
    if rewritten == path:
        return f"{balancer}{raw_path}"
    whole = path if path.endswith(rewritten) else path + "/"
    if not rewritten.startswith("/") or not whole.endswith(rewritten):
        return None
    prefix = whole.removesuffix(rewritten).replace("/", "%2F")
    return f"{balancer}{prefix}{rewritten}{mark}{query}"


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    named = {
        name.strip().lower()
        for key, value in headers.items()
        if key.lower() == "connection"
        for name in value.split(",")
    }
    return CIMultiDict(
        (key, value) for key, value in headers.items() if key.lower() not in _HOP_BY_HOP | named
    )


async def _add_nothing(_request: web.Request, response: web.StreamResponse) -> None:
    passed_on = response.get(_PASSED_ON)
    if passed_on is not None:
        for name in _OWN_HEADERS:
            if name.lower() not in passed_on:
                response.headers.pop(name, None)


def _say(request: web.Request, status: int, sentence: str, urls: list[str]) -> web.Response:
    """Return a page of the front door's own, in the form that the client takes."""
    accept = request.headers.get("Accept", "")
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if "application/json" in accept:
        body, kind = json.dumps({"message": sentence, "hosts": urls}), "application/json"
    elif "text/html" in accept:
        links = "".join(
            f'<li><a href="{html.escape(url)}">{html.escape(urlsplit(url).netloc)}</a></li>' for url in urls
        )
        body, kind = _PAGE.format(status=status, sentence=html.escape(sentence), links=links), "text/html"
    else:
        body, kind = "\n".join([sentence, *urls, ""]), "text/plain"
    return web.Response(status=status, text=body, content_type=kind, charset="utf-8", headers=headers)


_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{status} {sentence}</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1.5rem }}
  h1 {{ font-size: 1.4rem }}
  small {{ opacity: .6 }}
</style>
<h1>{sentence}</h1>
<ul>{links}</ul>
<small>front door of the local run, {status}</small>
</html>
"""


async def serve(emulator: str, *, port: int, region: str) -> None:
    """Listen on 127.0.0.1 until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
        auto_decompress=False,
        skip_auto_headers={"User-Agent", "Accept", "Accept-Encoding", "Content-Type"},
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MAX_LINE,
        max_field_size=MAX_HEADER,
    ) as client:
        proxy = Proxy(Cloud(emulator, region=region), port=port, client=client)
        runner = _runner(proxy.application())
        relay = _runner(metadata.make_relay(emulator, client))
        await runner.setup()
        await relay.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, port).start()
            bridge = await asyncio.to_thread(metadata.bridge_address)
            emulator_port = urlsplit(emulator).port
            if bridge is not None and emulator_port is not None:
                # Where Docker runs in a virtual machine the bridge is not here, and containers need no help.
                with suppress(OSError):
                    await web.TCPSite(relay, bridge, emulator_port).start()
                    print(f"Task metadata on http://{bridge}:{emulator_port}/v4/", flush=True)
            print(f"Front door on http://{LOOPBACK}:{port}, emulator {emulator}", flush=True)
            await stop.wait()
        finally:
            await runner.cleanup()
            await relay.cleanup()


def _runner(application: web.Application) -> web.AppRunner:
    settings: dict[str, Any] = {
        "max_line_size": MAX_LINE,
        "max_field_size": MAX_HEADER,
        "auto_decompress": False,
    }
    return web.AppRunner(
        application,
        access_log=None,
        # A browser that left must not keep a request to a task open.
        handler_cancellation=True,
        shutdown_timeout=3.0,
        **settings,
    )
