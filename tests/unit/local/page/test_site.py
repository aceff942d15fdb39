"""The page's responses to a browser."""

from __future__ import annotations

import asyncio
from html.parser import HTMLParser
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local.front_door import connections
from local.front_door.caching import Cached
from local.page.site import Site
from tests.unit.local.page import fakes
from tests.unit.local.page.fakes import Cloud, request, response_to, task_arn

ORIGIN = "http://localhost:8080"


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name in names]


def page(path: str, cloud: Cloud | None = None) -> str:
    status, _, text = response_to(request(path), cloud)
    assert status == 200
    return text


PATHS = (
    "/",
    "/stacks/dev/web",
    "/rules",
    "/rules?host=dev.example.com&path=/x",
    "/logs",
    "/logs?stack=dev&service=web",
)


def test_the_first_page_shows_each_service_with_its_address_and_state() -> None:
    text = page("/")

    assert 'href="/stacks/dev/web"' in text
    assert 'href="http://dev.example.com.localhost:8080"' in text
    assert '<span class="pill good">steady</span>' in text


def test_a_shell_gets_the_addresses_of_each_stack_as_text() -> None:
    status, head, text = response_to(request(Accept="*/*"))

    assert (status, head.get("Content-Type")) == (200, "text/plain; charset=utf-8")
    assert text.splitlines() == ["dev:", "http://dev.example.com.localhost:8080"]


@pytest.mark.parametrize("path", PATHS)
def test_no_page_shows_a_tasks_variables(path: str) -> None:
    assert "not-for-the-page" not in page(path)


@pytest.mark.parametrize("path", [*PATHS, '/rules?host="><script>x</script>&path="><script>'])
def test_logs_events_and_form_values_are_escaped(path: str) -> None:
    cloud = Cloud()
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    cloud.logs.events = [
        fakes.log_event(evil),
        fakes.log_event(f'{{"msg": "{evil}", "{evil}": "{evil}"}}'),
    ]
    cloud.ecs.tasks.append(fakes.stopped(2, containers=[{"name": evil, "reason": evil}]))
    failed = fakes.deployment(2, "FAILED", status="ACTIVE", rolloutStateReason=evil)
    event = {"createdAt": fakes.BEGAN, "message": evil}
    cloud.ecs.services = [fakes.service(events=[event], deployments=[fakes.deployment(), failed])]

    tags = Tags(page(path, cloud))

    assert len(tags.all("script")) == 1
    assert all("onerror" not in attributes for _, attributes in tags.tags)


def test_half_a_surrogate_pair_in_a_log_is_shown_as_a_question_mark() -> None:
    cloud = Cloud()
    cloud.logs.events = [fakes.log_event(r'{"msg": "half \ud83d"}')]

    assert "half ?" in page("/logs", cloud)


def test_an_incomplete_address_has_no_rule() -> None:
    assert "There is no DNS record for" in page("/rules?host=http://[")


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_landmarks_one_title_and_a_label_for_each_field(path: str) -> None:
    tags = Tags(page(path))

    assert [len(tags.all(tag)) for tag in ("header", "nav", "main", "footer", "h1", "title")] == [1] * 6
    labelled = {label["for"] for label in tags.all("label")}
    fields = tags.all("input", "select", "progress")
    assert {field["id"] for field in fields if field.get("type") != "hidden"} <= labelled
    assert all(cell.get("scope") in {"col", "row"} for cell in tags.all("th"))
    identifiers = [attributes["id"] for _, attributes in tags.tags if "id" in attributes]
    assert len(identifiers) == len({*identifiers})


@pytest.mark.parametrize("path", PATHS)
def test_a_page_loads_only_its_own_files_and_has_no_inline_code(path: str) -> None:
    _, head, text = response_to(request(path))

    assert "default-src 'none'" in head.get("Content-Security-Policy")
    assert "frame-ancestors 'none'" in head.get("Content-Security-Policy")
    tags = Tags(text)
    loaded = [tag.get("src") or tag["href"] for tag in tags.all("script", "link", "img")]
    assert all(str(address).startswith("/") for address in loaded)
    assert not any(name.startswith(("on", "style")) for _, attributes in tags.tags for name in attributes)


def test_a_running_task_has_a_restart_button() -> None:
    (form,) = Tags(page("/stacks/dev/web")).all("form")

    assert (form["method"], form["action"]) == ("post", "/restart")


def restart(cloud: Cloud, arn: str = task_arn(1), **headers: str) -> tuple[int, str]:
    status, head, _ = response_to(request("/restart", method="POST", body=f"task={arn}", **headers), cloud)
    return status, head.get("Location")


def test_the_restart_button_stops_the_task() -> None:
    cloud = Cloud()

    assert restart(cloud, Origin=ORIGIN, Referer=f"{ORIGIN}/stacks/dev/web?restarted=x") == (
        303, "/stacks/dev/web?restarted=00000001"
    )  # fmt: skip
    assert [stopped["task"] for stopped in cloud.ecs.stopped] == [task_arn(1)]


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://dev.example.com.localhost:8080"}, {"Origin": "null"}]
)
def test_only_the_page_itself_can_restart_a_task(headers: dict[str, str]) -> None:
    cloud = Cloud()

    assert restart(cloud, **headers)[0] == 403
    assert cloud.ecs.stopped == []


@pytest.mark.parametrize(
    ("arn", "last_status"),
    [
        ("", "RUNNING"),
        (task_arn(9), "RUNNING"),
        ("arn:aws:ecs:us-east-1:000000000000:task/other/1", "RUNNING"),
        (task_arn(1), "PENDING"),
    ],
)
def test_only_a_running_task_of_a_service_can_be_restarted(arn: str, last_status: str) -> None:
    cloud = Cloud()
    cloud.ecs.tasks = [fakes.task(lastStatus=last_status)]

    assert restart(cloud, arn, Origin=ORIGIN)[0] == 409
    assert cloud.ecs.stopped == []


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (request("/nothing"), 404),
        (request("/stacks/dev/nothing"), 404),
        (request(f"/restart?task={task_arn(1)}"), 404),
        (request("/", method="DELETE"), 405),
        (request("//["), 400),
        (request("/live", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors"), 403),
        (request("/restart", method="POST", body="x" * 5000, Origin=ORIGIN), 400),
    ],
)
def test_refused_requests_get_a_page_with_the_reason(sent: tuple[fakes.Head, bytes], expected: int) -> None:
    cloud = Cloud()
    status, _, text = response_to(sent, cloud)

    assert (status, "<h1>" in text) == (expected, True)
    assert cloud.ecs.stopped == []


def test_an_error_of_the_page_itself_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a response a browser would wait for ever."""
    cloud = Cloud()
    monkeypatch.setattr(cloud.ecs, "describe_clusters", lambda **_: {})

    assert response_to(request("/"), cloud)[0] == 500


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="http://127.0.0.1:4566"), KeyError("tags")]
)
def test_an_error_ends_the_live_updates_without_an_error_page(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The browser would show an HTML page in the middle of the events; after the end it reconnects."""
    cloud: Any = Cloud()

    def fail(**_: Any) -> None:
        raise error

    async def stream() -> bytes:
        site = Site(cloud, port=fakes.PORT, routes=Cached(lambda: fakes.ROUTES, 60), network=dict)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head, _ = request("/live?view=overview")
            await connections.send_and_close(reader, writer, await site.respond(head, reader, writer))

        server = await connections.serve(serve, host="127.0.0.1", port=0)
        reader, _ = await asyncio.open_connection(*server.sockets[0].getsockname())
        events = await reader.readuntil(b"event: part")
        monkeypatch.setattr(cloud.ecs, "describe_clusters", fail)
        events += await reader.read(-1)
        server.close()
        return events

    events = asyncio.run(asyncio.wait_for(stream(), 20))

    assert events.startswith(b"HTTP/1.1 200 ")
    assert (events.count(b"HTTP/1.1"), b"<!doctype html>" in events) == (1, False)


def test_files_are_cached_by_a_browser_until_they_change() -> None:
    href = Tags(page("/")).all("link")[-1]["href"]
    status, head, text = response_to(request(str(href)))

    assert (status, head.get("Content-Type")) == (200, "text/css; charset=utf-8")
    assert "immutable" in head.get("Cache-Control")
    assert "prefers-color-scheme" in text
