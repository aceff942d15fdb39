"""Requests wait for apps that restart, and a line reports when they answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from automation.development import restarts as module
from automation.development.restarts import ENDED, RESTARTED, Restarts
from local.live.notes import Notes


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes.of(tmp_path)


@pytest.fixture
def restart(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Restarts, list[str], threading.Event]]:
    """Restart an app of two tasks, which answers with a status."""

    def begin(status: int | None = 200) -> tuple[Restarts, list[str], threading.Event]:
        printed: list[str] = []
        done = threading.Event()

        def say(text: str) -> None:
            printed.append(text)
            done.set()

        monkeypatch.setattr(module, "http_status", lambda _: status)
        restarts = Restarts(notes, "dev", say)
        number = restarts.begin()
        restarts.report_in_background(number, "server.js", tasks=2, urls=["http://web"], changed_at=0)
        return restarts, printed, done

    return begin


Restart = Callable[..., tuple[Restarts, list[str], threading.Event]]


def test_requests_wait_until_all_tasks_have_restarted_and_the_app_answers(
    notes: Notes, restart: Restart
) -> None:
    restarts, printed, done = restart()
    restarts.read_log_line(RESTARTED)
    before = (notes.restarting_stacks(), [*printed])
    restarts.read_log_line(RESTARTED)

    assert done.wait(10)
    assert before == ({"dev"}, [])
    assert not notes.restarting_stacks()
    assert printed[0].startswith("server.js after ")


def test_requests_do_not_wait_for_an_app_that_crashed(notes: Notes, restart: Restart) -> None:
    restarts, printed, _ = restart(None)
    restarts.read_log_line(RESTARTED)
    restarts.read_log_line(f"{ENDED} with exit code 1; the next change starts it again")

    assert not notes.restarting_stacks()
    assert printed == []


def test_a_further_change_supersedes_the_previous_one(restart: Restart) -> None:
    restarts, printed, done = restart()
    number = restarts.begin()
    restarts.read_log_line(RESTARTED)
    restarts.report_in_background(number, "main.js", tasks=1, urls=[], changed_at=0)

    assert done.wait(10)
    assert [text.partition(" ")[0] for text in printed] == ["main.js"]


def test_requests_do_not_wait_after_forget(notes: Notes, restart: Restart) -> None:
    restarts, _, _ = restart()
    restarts.forget()

    assert not notes.restarting_stacks()
