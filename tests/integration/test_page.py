"""The page of the local AWS in a browser: what a person sees, presses and hears of a stack that runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.browser import browser
from local.resources.cloud import Cloud
from tests.integration.project import DOMAIN, Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("dev")]

SECONDS = 30
PAGES = ("/", "/stacks/dev/web", f"/rules?host={DOMAIN}&path=/x", "/logs", "/nothing")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture
def tab(chromium: Any, dev: Project) -> Iterator[Any]:
    """An empty tab for the addresses of the front door."""
    with closing_context(chromium, dev) as context:
        yield context.new_page()


def closing_context(chromium: Any, dev: Project, **options: Any) -> Any:
    context = chromium.new_context(base_url=f"http://localhost:{dev.front_door_port}", **options)
    context.set_default_timeout(SECONDS * 1000)
    return context


def running_tasks(dev: Project) -> set[str]:
    ecs = Cloud(dev.endpoint).client("ecs")
    cluster = dev.outputs()["cluster_name"]
    return {arn.rpartition("/")[2] for arn in ecs.list_tasks(cluster=cluster)["taskArns"]}


def test_the_page_links_each_service_to_its_app(tab: Any, dev: Project) -> None:
    tab.goto("/")

    card = tab.get_by_role("article", name="web", exact=True)
    card.get_by_text("steady", exact=True).wait_for()
    with tab.expect_popup() as opened:
        card.get_by_role("link", name=DOMAIN).click()
    assert opened.value.url == f"http://{DOMAIN}.localhost:{dev.front_door_port}/"
    opened.value.get_by_role("heading", level=1).wait_for()


def test_log_lines_appear_as_they_are_written(tab: Any, dev: Project) -> None:
    tab.goto("/logs?stack=dev")
    tab.locator("#live").wait_for()

    dev.get(DOMAIN, "/while-somebody-looks")

    tab.get_by_role("log").get_by_text("/while-somebody-looks").first.wait_for()


def test_live_updates_continue_after_a_lost_connection_and_an_error_page(tab: Any, dev: Project) -> None:
    """A browser reconnects by itself after the first, and the page after the second."""
    requests: list[Any] = []
    line = json.dumps({"html": "<li>before it was lost</li>", "reset": False})
    lost = f"retry: 1\nid: 1\nevent: lines\ndata: {line}\n\n"

    def respond(route: Any) -> None:
        requests.append(route.request)
        if len(requests) == 1:
            route.fulfill(content_type="text/event-stream", body=lost)
        elif len(requests) == 2:
            route.fulfill(status=503)
        else:
            route.continue_()

    tab.route("**/live?*", respond)
    tab.goto("/logs?stack=dev")
    tab.locator("#live").wait_for()
    dev.get(DOMAIN, "/after-it-was-lost")

    tab.get_by_role("log").get_by_text("/after-it-was-lost").first.wait_for()
    assert len(requests) == 3
    assert requests[2].url.endswith("after=1")


def test_a_task_can_be_restarted_by_keyboard_and_the_next_one_is_announced(tab: Any, dev: Project) -> None:
    (before,) = running_tasks(dev)
    tab.goto("/stacks/dev/web")

    tab.get_by_role("button", name=f"Restart task {before[:8]}").press("Enter")

    tab.get_by_text(f"Task {before[:8]} was stopped").wait_for()
    other = tab.get_by_role("button", name=re.compile(rf"Restart task (?!{before[:8]})"))
    other.wait_for()
    tab.locator("#say").get_by_text("web of dev: steady, 1 of 1 task").wait_for(state="attached")
    assert before not in running_tasks(dev)


def test_an_app_cannot_restart_a_task(tab: Any, dev: Project) -> None:
    """An app on this machine is another site, and so is every page on the internet."""
    before = running_tasks(dev)
    arn = Cloud(dev.endpoint).client("ecs").list_tasks(cluster=dev.outputs()["cluster_name"])["taskArns"][0]
    tab.goto(f"http://{DOMAIN}.localhost:{dev.front_door_port}/")
    tab.route("**/sent-by-the-app", lambda route: route.fulfill(content_type="text/html", body=f"""
        <form method=post action="http://localhost:{dev.front_door_port}/restart"><input name=task value="{arn}"><button>
    """))  # fmt: skip
    tab.goto(f"http://{DOMAIN}.localhost:{dev.front_door_port}/sent-by-the-app")

    with tab.expect_navigation() as navigation:
        tab.get_by_role("button").click()

    assert navigation.value.status == 403
    assert running_tasks(dev) == before


def test_the_rule_form_shows_the_matching_rule_and_why_others_do_not_match(tab: Any) -> None:
    tab.goto("/rules")

    tab.get_by_label("Host").fill("other.example.com.localhost")
    tab.get_by_label("Path").press("Enter")
    tab.get_by_text("There is no DNS record for other.example.com").wait_for()
    tab.get_by_label("Host").fill(DOMAIN)
    tab.get_by_label("Path").fill("/any")
    tab.get_by_role("button", name="Find the rule").click()

    tab.get_by_text("applies and forwards to web of dev").wait_for()
    assert tab.get_by_role("row", name="applies").count() == 1


def test_the_page_works_without_javascript(chromium: Any, dev: Project) -> None:
    with closing_context(chromium, dev, java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto("/")
        card = tab.get_by_role("article", name="web", exact=True)
        card.get_by_text("steady", exact=True).wait_for()
        card.get_by_role("heading").get_by_role("link").click()
        tab.get_by_role("button", name="Restart task").wait_for()
        assert tab.locator("#live").is_hidden()


def test_the_first_tab_stop_skips_the_menu(tab: Any) -> None:
    tab.goto("/")

    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize(("scheme", "width", "height"), [("light", 1280, 900), ("dark", 390, 844)])
def test_every_page_fits_the_screen_and_passes_axe(
    chromium: Any, dev: Project, scheme: str, width: int, height: int
) -> None:
    """Contrast, names, landmarks, headings: https://github.com/dequelabs/axe-core."""
    import axe_playwright_python  # pyright: ignore[reportMissingImports]

    axe = (Path(str(axe_playwright_python.__file__)).with_name("axe.min.js")).read_text()
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": height}}
    with closing_context(chromium, dev, **options) as context:
        tab = context.new_page()
        errors: list[str] = []
        tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        for path in PAGES:
            tab.goto(path)
            tab.evaluate(axe)
            found = tab.evaluate("axe.run().then((found) => found.violations)")
            faults = [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]
            assert faults == [], path
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        # Of the page that does not exist a browser says so itself.
        assert [text for text in errors if "404" not in text] == []
