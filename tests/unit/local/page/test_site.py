"""What the page answers to a browser, and what it refuses."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tests.unit.local.page import fakes
from tests.unit.local.page.fakes import Cloud, answer, asked, task_arn

ORIGIN = "http://localhost:8080"


class Found(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(path: str, cloud: Cloud | None = None) -> str:
    status, _, text = answer(cloud or Cloud(), asked(path))
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


@pytest.mark.parametrize("path", PATHS)
def test_no_page_shows_a_variable_of_a_task(path: str) -> None:
    assert "not-for-the-page" not in page(path)


@pytest.mark.parametrize("path", PATHS)
def test_what_others_write_is_never_markup(path: str) -> None:
    cloud = Cloud()
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    cloud.logs.events = [
        fakes.log_event(evil),
        fakes.log_event(f'{{"msg": "{evil}", "{evil}": "{evil}"}}', 2),
    ]
    cloud.ecs.tasks.append(fakes.stopped(2, containers=[{"name": evil, "reason": evil}]))
    cloud.ecs.services = [fakes.service(events=[{"createdAt": fakes.BEGAN, "message": evil}])]

    found = Found(page(path, cloud))

    assert [script["src"] for script in found.all("script")] == [found.all("script")[0]["src"]]
    assert all("onerror" not in attributes for _, attributes in found.tags)


def test_half_a_character_in_a_log_is_shown_as_a_question_mark() -> None:
    cloud = Cloud()
    cloud.logs.events = [fakes.log_event(r'{"msg": "half \ud83d"}')]

    assert "half ?" in page("/logs", cloud)


def test_an_address_that_is_half_typed_has_no_rule() -> None:
    assert "No DNS record leads" in page("/rules?host=http://[")


def test_what_is_asked_for_is_never_markup() -> None:
    found = Found(page('/rules?host="><script>x</script>&path="><script>'))

    assert len(found.all("script")) == 1


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_landmarks_one_title_and_a_name_for_each_field(path: str) -> None:
    found = Found(page(path))

    assert [len(found.all(tag)) for tag in ("header", "nav", "main", "footer", "h1", "title")] == [1] * 6
    labelled = {label["for"] for label in found.all("label")}
    fields = [*found.all("input"), *found.all("select"), *found.all("progress")]
    assert {field["id"] for field in fields if field.get("type") != "hidden"} <= labelled
    assert all(cell.get("scope") in {"col", "row"} for cell in found.all("th"))
    identifiers = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(identifiers) == len({*identifiers})


@pytest.mark.parametrize("path", PATHS)
def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(path: str) -> None:
    _, head, text = answer(Cloud(), asked(path))

    assert "default-src 'none'" in head.first("Content-Security-Policy")
    assert "frame-ancestors 'none'" in head.first("Content-Security-Policy")
    found = Found(text)
    loaded = [
        one.get("src") or one["href"] for one in (*found.all("script"), *found.all("link"), *found.all("img"))
    ]
    assert all(str(address).startswith("/") for address in loaded)
    assert not any(name.startswith(("on", "style")) for _, attributes in found.tags for name in attributes)


def test_a_running_task_has_a_button_that_restarts_it() -> None:
    (form,) = Found(page("/stacks/dev/web")).all("form")

    assert (form["method"], form["action"]) == ("post", "/restart")


def restart(cloud: Cloud, arn: str = task_arn(1), **headers: str) -> tuple[int, str]:
    request = asked("/restart", method="POST", body=f"task={arn}", **headers)
    status, head, _ = answer(cloud, request)
    return status, head.first("Location")


def test_to_restart_a_task_is_to_stop_it() -> None:
    cloud = Cloud()

    assert restart(cloud, Origin=ORIGIN, Referer=f"{ORIGIN}/stacks/dev/web?restarted=x") == (
        303, "/stacks/dev/web?restarted=00000001"
    )  # fmt: skip
    assert [one["task"] for one in cloud.ecs.stopped] == [task_arn(1)]


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://dev.example.com.localhost:8080"}, {"Origin": "null"}]
)
def test_nobody_else_restarts_a_task(headers: dict[str, str]) -> None:
    cloud = Cloud()

    assert restart(cloud, **headers)[0] == 403
    assert cloud.ecs.stopped == []


@pytest.mark.parametrize("arn", ["", task_arn(9), "arn:aws:ecs:us-east-1:000000000000:task/other/1"])
def test_a_task_that_no_service_runs_is_not_restarted(arn: str) -> None:
    cloud = Cloud()

    assert restart(cloud, arn, Origin=ORIGIN)[0] == 409
    assert cloud.ecs.stopped == []


def test_a_task_that_starts_is_not_restarted() -> None:
    cloud = Cloud()
    cloud.ecs.tasks = [fakes.task(lastStatus="PENDING")]

    assert restart(cloud, Origin=ORIGIN)[0] == 409
    assert cloud.ecs.stopped == []


def test_a_button_is_not_pressed_by_following_a_link() -> None:
    cloud = Cloud()

    assert answer(cloud, asked(f"/restart?task={task_arn(1)}"))[0] == 404
    assert cloud.ecs.stopped == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (asked("/nothing"), 404),
        (asked("/stacks/dev/nothing"), 404),
        (asked("/", method="DELETE"), 405),
        (asked("//["), 400),
        (asked("/live", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors"), 403),
        (asked("/restart", method="POST", body="x" * 5000, Origin=ORIGIN), 400),
    ],
)
def test_what_is_not_there_or_not_allowed_is_said_on_a_page(
    request_: tuple[fakes.Head, bytes], status: int
) -> None:
    found, _, text = answer(Cloud(), request_)

    assert (found, "<h1>" in text) == (status, True)


def test_a_fault_of_the_page_itself_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that gets no answer waits for ever."""
    cloud = Cloud()
    monkeypatch.setattr(cloud.ecs, "describe_clusters", lambda **_: {})

    assert answer(cloud, asked("/"))[0] == 500


def test_files_are_kept_by_a_browser_until_they_change() -> None:
    href = Found(page("/")).all("link")[-1]["href"]
    status, head, text = answer(Cloud(), asked(str(href)))

    assert (status, head.first("Content-Type")) == (200, "text/css; charset=utf-8")
    assert "immutable" in head.first("Cache-Control")
    assert "prefers-color-scheme" in text
