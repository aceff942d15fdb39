"""What `dev` does about a change: start the app again, or `up`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automation.development import session
from automation.development.apps import App
from automation.development.session import ENDED, RESTARTED, Restarts, Session
from infra.settings import ImageSettings
from local.live.folder import LiveFolder
from local.live.notes import Notes

DOCKERFILE = "FROM node:24\nWORKDIR /app\nCOPY . .\nCOPY nginx.conf /etc/nginx.conf\n"


class Recorded(Session):
    """A session that notes what it would do."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.done: list[Any] = []
        self.said: list[str] = []
        self._output = SimpleNamespace(say=self.said.append)  # type: ignore[assignment]

    def _roll(self) -> None:
        self.done.append("up")

    def _restart(self, restarted: Any) -> None:
        self.done += [sorted(one.copied) for one in restarted]

    def _watch(self) -> None:
        pass


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    for name, text in {
        "app/Dockerfile": DOCKERFILE,
        "app/.dockerignore": "Dockerfile\n.*\ntest\n",
        "app/package.json": "{}",
        "app/server.js": "1",
        "app/nginx.conf": "1",
        "Pulumi.dev.yaml": "config: {}\n",
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def running(project: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """A session whose stack is up, and whose tasks run the app's folder."""
    app = App(name="web", main=True, source=ImageSettings(), services=("web",))
    monkeypatch.setattr(session, "apps_of", lambda _: [app])
    stacks: Any = SimpleNamespace(
        root=project, local=SimpleNamespace(folder=project / ".local"), settings=lambda _: None
    )
    found = Recorded(stacks, "dev")
    found._look(first=True)
    folder = LiveFolder(path=project / "live", workdir="/app")
    found._attached["web"] = session.Attached(app=app, digest="", folder=folder, plan=app.plan())
    found.done.clear()
    return found


def write(project: Path, name: str, text: str = "22") -> None:
    (project / name).write_text(text)


def test_a_source_file_starts_the_app_again(running: Recorded, project: Path) -> None:
    write(project, "app/server.js")
    running._look()

    assert running.done == [["/app/server.js"]]


def test_a_file_that_is_gone_or_new_does_too(running: Recorded, project: Path) -> None:
    (project / "app" / "server.js").unlink()
    write(project, "app/main.js")
    running._look()

    assert running.done == [["/app/main.js", "/app/server.js"]]


@pytest.mark.parametrize(
    "name", ["app/package.json", "app/Dockerfile", "app/.dockerignore", "Pulumi.dev.yaml", "app/nginx.conf"]
)
def test_what_the_image_or_the_stack_is_made_from_is_an_up(
    running: Recorded, project: Path, name: str
) -> None:
    write(project, name, f"{(project / name).read_text()}\n")
    running._look()

    assert running.done == ["up"]
    assert name.rpartition("/")[2] in running.said[0]


def test_one_file_that_has_to_be_built_makes_all_of_them_an_up(running: Recorded, project: Path) -> None:
    write(project, "app/server.js")
    write(project, "app/package.json", "{ }")
    running._look()

    assert running.done == ["up"]


@pytest.mark.parametrize("name", ["app/.swp", "README.md", "Pulumi.prod.yaml"])
def test_what_has_no_part_in_the_stack_does_nothing(running: Recorded, project: Path, name: str) -> None:
    write(project, name)
    running._look()
    running._look()

    assert running.done == []


def test_a_change_is_looked_at_once(running: Recorded, project: Path) -> None:
    write(project, "app/server.js")
    running._look()
    running._look()

    assert running.done == [["/app/server.js"]]


def test_without_tasks_that_run_the_folder_each_change_is_an_up(running: Recorded, project: Path) -> None:
    running._attached.clear()
    write(project, "app/server.js")
    running._look()

    assert running.done == ["up"]


def test_a_fault_in_the_stack_file_waits_for_the_next_change(
    running: Recorded, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise session.AutomationError("Pulumi.dev.yaml has 1 error")

    monkeypatch.setattr(running.stacks, "settings", broken)
    write(project, "Pulumi.dev.yaml", "config: {node-on-ecs:cpu: 3}\n")
    running._look()

    assert running.done == []
    assert running.said == ["Pulumi.dev.yaml has 1 error\nThe next change is another try."]


def test_a_stack_file_is_an_up_as_soon_as_it_is_right_again(
    running: Recorded, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise session.AutomationError("Pulumi.dev.yaml has 1 error")

    write(project, "Pulumi.dev.yaml", "config: {node-on-ecs:cpu: 3}\n")
    with monkeypatch.context() as at_first:
        at_first.setattr(running.stacks, "settings", broken)
        running._look()
    running._look()

    assert running.done == ["up"]


def test_a_stack_without_a_file_is_not_waited_for(project: Path) -> None:
    def missing(_: str) -> None:
        raise session.AutomationError("there is no Pulumi.nobody.yaml")

    stacks: Any = SimpleNamespace(root=project, local=SimpleNamespace(folder=project), settings=missing)

    with pytest.raises(session.AutomationError, match=r"no Pulumi\.nobody\.yaml"):
        Recorded(stacks, "nobody")._look(first=True)


def test_a_change_that_failed_is_an_up_with_the_next_one(
    running: Recorded, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the tasks would lack it until that file changes again."""

    def full(_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as at_first:
        at_first.setattr(running, "_restart", full)
        write(project, "app/server.js")
        running._look()
    write(project, "app/other.js")
    running._look()

    assert "No space left on device" in running.said[0]
    assert running.done == ["up"]


@pytest.mark.parametrize("works", [True, False])
def test_after_an_up_that_failed_the_next_change_is_another(
    running: Recorded, project: Path, monkeypatch: pytest.MonkeyPatch, *, works: bool
) -> None:
    monkeypatch.setattr(running, "_up", lambda: works)
    monkeypatch.setattr(running, "_attach", lambda: None)
    Session._roll(running)
    write(project, "app/server.js")
    running._look()

    assert running.done == ([["/app/server.js"]] if works else ["up"])


# Restarts


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes.of(tmp_path)


@pytest.fixture
def restart(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Restarts, list[str], threading.Event]]:
    """Begin to restart an app of two tasks, which answers with a status."""

    def begin(status: int | None = 200) -> tuple[Restarts, list[str], threading.Event]:
        said: list[str] = []
        done = threading.Event()

        def say(text: str) -> None:
            said.append(text)
            done.set()

        monkeypatch.setattr(session, "http_status", lambda _: status)
        restarts = Restarts(notes, "dev", say)
        restarts.begin()("server.js: web answers with it", 2, ["http://web"], 0)
        return restarts, said, done

    return begin


def test_requests_wait_until_all_tasks_have_restarted_and_the_app_answers(notes: Notes, restart: Any) -> None:
    restarts, said, done = restart()
    restarts.hear(RESTARTED)
    before = (notes.restarting_stacks(), [*said])
    restarts.hear(RESTARTED)

    assert done.wait(10)
    assert before == ({"dev"}, [])
    assert not notes.restarting_stacks()
    assert said[0].startswith("server.js: web answers with it after ")


def test_an_app_that_crashes_keeps_no_request(notes: Notes, restart: Any) -> None:
    restarts, said, _ = restart(None)
    restarts.hear(RESTARTED)
    restarts.hear(f"{ENDED} with exit code 1; the next change starts it again")

    assert not notes.restarting_stacks()
    assert said == []


def test_a_further_change_takes_the_place_of_the_one_before(notes: Notes, restart: Any) -> None:
    restarts, said, done = restart()
    wait = restarts.begin()
    restarts.hear(RESTARTED)
    wait("main.js: web answers with it", 1, [], 0)

    assert done.wait(10)
    assert [text.partition(":")[0] for text in said] == ["main.js"]


def test_what_is_forgotten_keeps_no_request(notes: Notes, restart: Any) -> None:
    restarts, _, _ = restart()
    restarts.forget()

    assert not notes.restarting_stacks()
