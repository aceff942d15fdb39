"""Requests to the page: HTML, live updates, files, and the one button that changes something."""

from __future__ import annotations

import asyncio
import traceback
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.front_door import responses
from local.front_door.caching import Cached
from local.front_door.heads import Head
from local.front_door.routes import NetworkListener, Routes
from local.page import guard, rendering, rule_table
from local.page.live import Snapshot, follow
from local.page.log_lines import LogTail
from local.page.model import Overview
from local.page.reading import Reader
from local.resources.cloud import Cloud

CACHE_SECONDS: Final = 1.0
"""Greatest age of what is shown."""
_THREADS: Final = 3
"""Not shared with the front door, so that the page never delays requests to tasks."""
_MOST_STREAMS: Final = 16
_MOST_TAILS: Final = 16
_LONGEST_FORM: Final = 4096
_FORM_SECONDS: Final = 10
_OVERVIEW_LINES: Final = 15
_FILTERS: Final = ("stack", "service", "task")

Query = Mapping[str, str]
_Value = TypeVar("_Value")


class RefusedError(Exception):
    """The page refuses a request; the message says why."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Site:
    """The page of one front door."""

    def __init__(
        self,
        cloud: Cloud,
        *,
        port: int,
        routes: Cached[Routes],
        network: Callable[[], Mapping[NetworkListener, str]],
    ) -> None:
        """Take the front door's port and routes, and a function for the local URLs of network listeners."""
        self._cloud = cloud
        self._port = port
        self._routes = routes
        self._network = network
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="page")
        self._reader = Reader(cloud, port=port)
        self._known_routes = Routes({}, {})
        self._overviews = Cached(
            lambda: self._reader.read(self._known_routes, network()), CACHE_SECONDS, threads=self._threads
        )
        self._latest = Overview()
        self._tails: dict[tuple[str, ...], Cached[LogTail]] = {}
        self._streams = 0
        self._stopping: set[asyncio.Future[None]] = set()

    async def respond(self, request: Head, reader: StreamReader, writer: StreamWriter) -> bytes:
        """Return the response; empty if it was sent piece by piece.

        Raises:
            OSError: the client disconnected.
        """
        try:
            return await self._respond(request, reader, writer)
        except RefusedError as error:
            status, sentence = error.status, str(error)
        except (BotoCoreError, ClientError) as error:
            print(error, flush=True)
            status = HTTPStatus.BAD_GATEWAY
            sentence = f"The emulator at {self._cloud.endpoint} does not answer"
        except OSError:
            raise
        except Exception:  # noqa: BLE001 -- without a response a browser would wait for ever
            traceback.print_exc()
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            sentence = "The page failed: the front door's log, .local/front_door.log, has the error"
        return self._html(request, status, self._render("message.html", {}, sentence=sentence, status=status))

    async def _respond(self, request: Head, reader: StreamReader, writer: StreamWriter) -> bytes:
        if guard.is_foreign(request):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Another site may not request this")
        try:
            parts = urlsplit(request.target)
        except ValueError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "This is not an address of the page") from error
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        match request.method, [unquote(part) for part in parts.path.split("/") if part]:
            case "POST", ["restart"]:
                return await self._restart(request, reader)
            case "GET", ["live"]:
                await self._follow(request, reader, writer, query)
                return b""
            case "GET" | "HEAD", [name] if name in rendering.FILES:
                kind, text = rendering.file(name)
                # A file's address changes with its content.
                cache = "public, max-age=31536000, immutable"
                return _response(request, HTTPStatus.OK, kind, text, {"Cache-Control": cache})
            case "GET" | "HEAD", [] if not request.accepts_html:
                text = (await self._overview()).addresses_as_text
                return _response(request, HTTPStatus.OK, "text/plain", text)
            case "GET" | "HEAD", path:
                return self._html(request, HTTPStatus.OK, await self._page(path, query))
            case _:
                raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "There is no such button")

    # Pages

    async def _page(self, path: list[str], query: Query) -> str:
        overview = await self._overview()
        match path:
            case []:
                template, filters = "overview.html", {}
                values: dict[str, Any] = {"overview": overview}
            case ["stacks", stack, service]:
                described = overview.service(stack, service)
                if described is None:
                    raise RefusedError(HTTPStatus.NOT_FOUND, f"There is no service {service} in {stack}")
                template, filters = "service.html", {"stack": stack, "service": service}
                values = {"service": described}
            case ["logs"]:
                template, filters = "logs.html", {key: query[key] for key in _FILTERS if query.get(key)}
                values = {"overview": overview, "filters": {key: query.get(key, "") for key in _FILTERS}}
            case ["rules"]:
                values = await self._rules(overview, query)
                return await self._in_thread(partial(self._render, "rules.html", query, **values))
            case _:
                raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such page")
        lines = (await self._tail(filters)).after(0)
        shown = lines.lines[-_OVERVIEW_LINES:] if template == "overview.html" else lines.lines
        live = urlencode({"view": template.removesuffix(".html"), **filters, "after": lines.last})
        values |= {"lines": shown, "live": f"/live?{live}"}
        return await self._in_thread(partial(self._render, template, query, **values))

    async def _rules(self, overview: Overview, query: Query) -> dict[str, Any]:
        routes = await self._routes.get()
        host = query.get("host")
        choice = rule_table.choose(routes, host, query.get("path", ""), overview.groups) if host else None
        return {
            "balancers": rule_table.balancers_of(routes, self._network(), overview.groups, choice),
            "choice": choice,
            "hosts": sorted(routes.hosts),
        }

    async def _overview(self, *, newest: bool = False) -> Overview:
        self._known_routes = await self._routes.get()
        self._latest = await self._overviews.get(seconds=0 if newest else None)
        return self._latest

    async def _tail(self, filters: Query) -> LogTail:
        """Return the logs that a page shows, up to date."""
        stack, service, task = key = tuple(filters.get(name, "") for name in _FILTERS)
        if key not in self._tails:
            if len(self._tails) >= _MOST_TAILS:
                del self._tails[next(iter(self._tails))]
            tail = LogTail(self._cloud, lambda: self._latest.log_groups(stack), service=service, task=task)
            self._tails[key] = Cached(tail.read, CACHE_SECONDS, threads=self._threads)
        return await self._tails[key].get()

    # Live updates

    async def _follow(self, request: Head, reader: StreamReader, writer: StreamWriter, query: Query) -> None:
        if self._streams >= _MOST_STREAMS:
            sentence = f"More than {_MOST_STREAMS} pages are open"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
        after = request.get("Last-Event-ID") or query.get("after", "")
        self._streams += 1
        try:
            await follow(
                reader, writer, partial(self._snapshot, query), after=int(after) if after.isdecimal() else 0
            )
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 -- an error page would become part of the stream
            # The stream ends, and the browser reconnects.
            print(f"{type(error).__name__}: {error}", flush=True)
        finally:
            self._streams -= 1

    async def _snapshot(self, query: Query, after: int) -> Snapshot:
        overview = await self._overview()
        services, parts = list(overview.services), {}
        match query.get("view"):
            case "overview":
                render = partial(rendering.render, "stacks.html", overview=overview)
                parts = {"stacks": await self._in_thread(render)}
            case "service":
                service = overview.service(query.get("stack", ""), query.get("service", ""))
                services = [service] if service else []
                render = partial(rendering.render, "service_parts.html", service=service)
                parts = {"service": await self._in_thread(render)}
            case _:
                services = []
        lines = (await self._tail(query)).after(after)
        states = {service.ecs_name: service.summary for service in services}
        return Snapshot(parts=parts, states=states, lines=lines)

    # The button

    async def _restart(self, request: Head, reader: StreamReader) -> bytes:
        if not guard.comes_from_the_page(request, self._port):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Only the page itself may use its buttons")
        form = await _form(request, reader)
        task = (await self._overview(newest=True)).task(form.get("task", ""))
        if task is None or not task.can_be_restarted:
            raise RefusedError(HTTPStatus.CONFLICT, "This task has stopped")
        stopping = asyncio.ensure_future(self._in_thread(partial(self._reader.restart, task)))
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)
        # The emulator responds when the containers have exited, which the app may delay for seconds.
        await asyncio.wait({stopping}, timeout=CACHE_SECONDS)
        if stopping.done():
            stopping.result()
        # Only the path, so that the redirect stays on the page.
        back = urlsplit(request.get("Referer")).path.lstrip("/")
        headers = {"Location": f"/{back}?restarted={task.short}", **guard.HEADERS}
        return responses.response(request, HTTPStatus.SEE_OTHER, "", headers)

    async def _in_thread(self, call: Callable[[], _Value]) -> _Value:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _render(self, template: str, query: Query, **values: Any) -> str:
        shared = {"endpoint": self._cloud.endpoint, "region": self._cloud.region, "query": query, "live": ""}
        return rendering.render(template, **{**shared, **values})

    def _html(self, request: Head, status: HTTPStatus, text: str) -> bytes:
        return _response(request, status, "text/html", text)


def _response(
    request: Head, status: HTTPStatus, kind: str, text: str, headers: Mapping[str, str] | None = None
) -> bytes:
    own = {"Content-Type": f"{kind}; charset=utf-8", **guard.HEADERS, **(headers or {})}
    return responses.response(request, status, text, own)


async def _form(request: Head, reader: StreamReader) -> Query:
    """Return the fields of a short form.

    Raises:
        RefusedError: it has no length, or is too long.
    """
    length = request.get("Content-Length")
    if not length.isdecimal() or int(length) > _LONGEST_FORM:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "This is not the page's form")
    body = await asyncio.wait_for(reader.readexactly(int(length)), _FORM_SECONDS)
    return {key: values[-1] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
