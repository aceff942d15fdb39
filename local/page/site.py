"""What the page answers: HTML, what changes of it, and the one button that changes something."""

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

from local.front_door import answers
from local.front_door.heads import Head
from local.front_door.kept import Kept
from local.front_door.routes import NetworkListener, Routes
from local.page import guard, rendering, rule_table
from local.page.live import Follower, Moment, follow
from local.page.log_lines import LogTail
from local.page.model import Overview
from local.page.reading import Reader
from local.resources.cloud import Cloud

KEPT_SECONDS: Final = 1.0
"""How old what is shown may be."""
_THREADS: Final = 3
"""The page's own, so that it never takes those that look for tasks."""
_STREAMS: Final = 16
_TAILS: Final = 16
_LONGEST_FORM: Final = 4096
_FORM_SECONDS: Final = 10
_LAST_LINES: Final = 15
"""On the page of all stacks."""
_FILTERS: Final = ("stack", "service", "task")

Query = Mapping[str, str]
_Value = TypeVar("_Value")


class RefusedError(Exception):
    """A request that the page does not answer as it is asked to."""

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
        routes: Kept[Routes],
        network: Callable[[], Mapping[NetworkListener, str]],
    ) -> None:
        """Prepare to answer.

        Args:
            cloud: the emulator.
            port: the front door's.
            routes: those that the front door goes by.
            network: returns where each listener of a network load balancer is on this machine.
        """
        self._cloud = cloud
        self._port = port
        self._routes = routes
        self._network = network
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="page")
        self._reader = Reader(cloud, port=port)
        self._known = Routes({}, {})
        self._kept = Kept(
            lambda: self._reader.read(self._known, network()), KEPT_SECONDS, threads=self._threads
        )
        self._latest = Overview()
        self._tails: dict[tuple[str, ...], Kept[LogTail]] = {}
        self._streams = 0
        self._stopping: set[asyncio.Future[None]] = set()

    async def answer(self, request: Head, reader: StreamReader, writer: StreamWriter) -> bytes:
        """Return the answer; nothing if it was sent piece by piece.

        Raises:
            OSError: the client is gone.
        """
        try:
            return await self._answer(request, reader, writer)
        except RefusedError as error:
            status, sentence = error.status, str(error)
        except (BotoCoreError, ClientError) as error:
            print(error, flush=True)
            status = HTTPStatus.BAD_GATEWAY
            sentence = f"The emulator at {self._cloud.endpoint} does not answer"
        except OSError:
            raise
        except Exception:  # noqa: BLE001 -- else a browser would wait for ever
            traceback.print_exc()
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            sentence = "The page has a fault: the front door's log, .local/front_door.log, has it"
        return self._html(request, status, self._render("message.html", {}, sentence=sentence, status=status))

    async def _answer(self, request: Head, reader: StreamReader, writer: StreamWriter) -> bytes:
        if guard.is_foreign(request):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Another site may not ask for this")
        try:
            parts = urlsplit(request.line[1])
        except ValueError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "This is no address of the page") from error
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        match request.line[0], [unquote(part) for part in parts.path.split("/") if part]:
            case "POST", ["restart"]:
                return await self._restart(request, reader)
            case "GET", ["live"]:
                await self._follow(request, reader, writer, query)
                return b""
            case "GET" | "HEAD", [name] if name in rendering.FILES:
                return _file(request, name)
            case "GET" | "HEAD", path:
                return self._html(request, HTTPStatus.OK, await self._page(path, query))
            case _:
                raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "There is no such button")

    # What it shows

    async def _page(self, path: list[str], query: Query) -> str:
        overview = await self._overview()
        match path:
            case []:
                template, asked = "overview.html", {}
                values: dict[str, Any] = {"overview": overview}
            case ["stacks", stack, service]:
                found = overview.service(stack, service)
                if found is None:
                    raise RefusedError(HTTPStatus.NOT_FOUND, f"There is no service {service} in {stack}")
                template, asked = "service.html", {"stack": stack, "service": service}
                values = {"service": found}
            case ["logs"]:
                template, asked = "logs.html", {key: query[key] for key in _FILTERS if query.get(key)}
                values = {"overview": overview, "asked": {key: query.get(key, "") for key in _FILTERS}}
            case ["rules"]:
                values = await self._rules(overview, query)
                return await self._in_thread(partial(self._render, "rules.html", query, **values))
            case _:
                raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such page")
        lines = (await self._tail(asked)).after(0)
        shown = lines.lines[-_LAST_LINES:] if template == "overview.html" else lines.lines
        live = urlencode({"view": template.removesuffix(".html"), **asked, "after": lines.last})
        values |= {"lines": shown, "live": f"/live?{live}"}
        return await self._in_thread(partial(self._render, template, query, **values))

    async def _rules(self, overview: Overview, query: Query) -> dict[str, Any]:
        routes = await self._routes.get()
        asked = query.get("host")
        choice = rule_table.choose(routes, asked, query.get("path", ""), overview.groups) if asked else None
        return {
            "balancers": rule_table.balancers_of(routes, self._network(), overview.groups, choice),
            "choice": choice,
            "hosts": sorted(routes.hosts),
        }

    async def _overview(self, *, newest: bool = False) -> Overview:
        self._known = await self._routes.get()
        self._latest = await self._kept.get(newest=newest)
        return self._latest

    async def _tail(self, asked: Query) -> LogTail:
        """Return the logs that a page shows, with what is new."""
        stack, service, task = key = tuple(asked.get(name, "") for name in _FILTERS)
        if key not in self._tails:
            if len(self._tails) >= _TAILS:
                del self._tails[next(iter(self._tails))]
            tail = LogTail(self._cloud, lambda: self._latest.log_groups(stack), service=service, task=task)
            self._tails[key] = Kept(tail.read, KEPT_SECONDS, threads=self._threads)
        return await self._tails[key].get()

    # What of it changes

    async def _follow(self, request: Head, reader: StreamReader, writer: StreamWriter, query: Query) -> None:
        if self._streams >= _STREAMS:
            sentence = f"More than {_STREAMS} pages are open"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
        after = request.first("Last-Event-ID") or query.get("after", "")
        self._streams += 1
        try:
            look = partial(self._moment, query)
            await follow(reader, writer, Follower(look, after=int(after) if after.isdecimal() else 0))
        finally:
            self._streams -= 1

    async def _moment(self, query: Query, after: int) -> Moment:
        overview = await self._overview()
        found, parts = list(overview.services), {}
        match query.get("view"):
            case "overview":
                render = partial(rendering.render, "stacks.html", overview=overview)
                parts = {"stacks": await self._in_thread(render)}
            case "service":
                service = overview.service(query.get("stack", ""), query.get("service", ""))
                found = [service] if service else []
                render = partial(rendering.render, "service_parts.html", service=service)
                parts = {"service": await self._in_thread(render)}
            case _:
                found = []
        lines = (await self._tail(query)).after(after)
        return Moment(parts=parts, states={one.ecs_name: one.summary for one in found}, lines=lines)

    # What it does

    async def _restart(self, request: Head, reader: StreamReader) -> bytes:
        if not guard.comes_from_the_page(request, self._port):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Only the page itself may press its buttons")
        form = await _form(request, reader)
        task = (await self._overview(newest=True)).task(form.get("task", ""))
        if task is None or not task.can_be_restarted:
            raise RefusedError(HTTPStatus.CONFLICT, "This task does not run any more")
        stopping = asyncio.ensure_future(self._in_thread(partial(self._reader.restart, task)))
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)
        # The emulator answers when the containers have ended, which the app may put off for seconds.
        done, _ = await asyncio.wait({stopping}, timeout=KEPT_SECONDS)
        for one in done:
            one.result()
        # Only its path: where a form came from, another site does not say.
        back = urlsplit(request.first("Referer")).path.lstrip("/")
        headers = {"Location": f"/{back}?restarted={task.short}", **guard.HEADERS}
        return answers.response(request, HTTPStatus.SEE_OTHER, "", headers)

    # How

    async def _in_thread(self, call: Callable[[], _Value]) -> _Value:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _render(self, template: str, query: Query, **values: Any) -> str:
        known = {"endpoint": self._cloud.endpoint, "region": self._cloud.region, "query": query, "live": ""}
        return rendering.render(template, **{**known, **values})

    def _html(self, request: Head, status: HTTPStatus, text: str) -> bytes:
        headers = {"Content-Type": "text/html; charset=utf-8", **guard.HEADERS}
        return answers.response(request, status, text, headers)


def _file(request: Head, name: str) -> bytes:
    kind, text = rendering.file(name)
    # Its address changes with its content.
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    headers = {"Content-Type": f"{kind}; charset=utf-8", **guard.HEADERS, **kept}
    return answers.response(request, HTTPStatus.OK, text, headers)


async def _form(request: Head, reader: StreamReader) -> Query:
    """Return the fields of a short form.

    Raises:
        RefusedError: it has no length, or is longer.
    """
    length = request.first("Content-Length")
    if not length.isdecimal() or int(length) > _LONGEST_FORM:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "This is not the page's form")
    body = await asyncio.wait_for(reader.readexactly(int(length)), _FORM_SECONDS)
    return {key: values[-1] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
