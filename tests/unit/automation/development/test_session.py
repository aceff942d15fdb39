"""`dev` restarts an app or runs `up` for a change."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automation.development import session
from automation.development.apps import App
from automation.development.session import LiveApp, Session
from infra.settings import ImageSettings
from local.live.folder import LiveFolder

DOCKERFILE = "FROM node:24\nWORKDIR /app\nCOPY . .\nCOPY nginx.conf /etc/nginx.conf\n"


class RecordedSession(Session):
    """A session that records what it would do."""

    def __init__(self, stacks: Any, stack: str) -> None:
        super().__init__(stacks, stack)
        self.done: list[Any] = []
        self.printed: list[str] = []

    def _say(self, text: str) -> None:
        self.printed.append(text)

    def _update(self) -> None:
        self.done.append("up")

    def _restart(self, changes: Any) -> None:
        self.done += [sorted(change.copied) for change in changes]

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
def running(project: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedSession:
    """A session whose stack is up and whose tasks run from a folder."""
    app = App(name="web", main=True, source=ImageSettings(), services=("web",))
    monkeypatch.setattr(session, "apps_of", lambda _: [app])
    stacks: Any = SimpleNamespace(
        root=project, local=SimpleNamespace(folder=project / ".local"), settings=lambda _: None
    )
    running = RecordedSession(stacks, "dev")
    running.check(first=True)
    folder = LiveFolder(path=project / "live", workdir="/app")
    running._live_apps["web"] = LiveApp(app=app, digest="", folder=folder, plan=app.plan())
    running.done.clear()
    return running


def write(project: Path, name: str, text: str = "22") -> None:
    (project / name).write_text(text)


UP = ["up"]


@pytest.mark.parametrize(
    ("changes", "done"),
    [
        ({"app/server.js": "2"}, [["/app/server.js"]]),
        ({"app/server.js": None, "app/main.js": "1"}, [["/app/main.js", "/app/server.js"]]),
        ({"app/package.json": "{ }"}, UP),
        ({"app/Dockerfile": f"{DOCKERFILE}\n"}, UP),
        ({"app/.dockerignore": "test\n"}, UP),
        ({"Pulumi.dev.yaml": "config: {}\n\n"}, UP),
        ({"app/nginx.conf": "2"}, UP),
        ({"app/server.js": "2", "app/package.json": "{ }"}, UP),
        ({"app/.swp": "1", "README.md": "1", "Pulumi.prod.yaml": "1"}, []),
    ],
    ids=[
        "a source file restarts the app",
        "deleted and new source files restart the app",
        "package.json runs up",
        "the Dockerfile runs up",
        "the ignore file runs up",
        "the stack file runs up",
        "a file outside the WORKDIR runs up",
        "a source file and a file to build run up",
        "other files have no effect",
    ],
)
def test_changes_take_effect_once(
    running: RecordedSession, project: Path, changes: dict[str, str | None], done: list[Any]
) -> None:
    for name, content in changes.items():
        if content is None:
            (project / name).unlink()
        else:
            write(project, name, content)
    running.check()
    running.check()

    assert running.done == done
    if done == UP:
        assert Path([*changes][-1]).name in running.printed[0]


def test_without_tasks_that_run_from_a_folder_each_change_runs_up(
    running: RecordedSession, project: Path
) -> None:
    running._live_apps.clear()
    write(project, "app/server.js")
    running.check()

    assert running.done == ["up"]


def test_an_invalid_stack_file_is_reported_and_a_valid_one_runs_up(
    running: RecordedSession, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise session.AutomationError("Pulumi.dev.yaml has 1 error")

    write(project, "Pulumi.dev.yaml", "config: {node-on-ecs:cpu: 3}\n")
    with monkeypatch.context() as at_first:
        at_first.setattr(running.stacks, "settings", broken)
        running.check()
    before = [*running.done]
    running.check()

    assert running.printed[0] == "Pulumi.dev.yaml has 1 error\nThe next change tries again."
    assert (before, running.done) == ([], UP)


def test_a_stack_without_a_file_is_an_error(project: Path) -> None:
    def missing(_: str) -> None:
        raise session.AutomationError("there is no Pulumi.nobody.yaml")

    stacks: Any = SimpleNamespace(root=project, local=SimpleNamespace(folder=project), settings=missing)

    with pytest.raises(session.AutomationError, match=r"no Pulumi\.nobody\.yaml"):
        RecordedSession(stacks, "nobody").check(first=True)


def test_the_change_after_a_failed_restart_runs_up(
    running: RecordedSession, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the tasks would lack the first change."""

    def full(_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as at_first:
        at_first.setattr(running, "_restart", full)
        write(project, "app/server.js")
        running.check()
    write(project, "app/other.js")
    running.check()

    assert "No space left on device" in running.printed[0]
    assert running.done == ["up"]


@pytest.mark.parametrize("works", [True, False])
def test_the_change_after_a_failed_up_runs_up_again(
    running: RecordedSession, project: Path, monkeypatch: pytest.MonkeyPatch, *, works: bool
) -> None:
    monkeypatch.setattr(running, "_up", lambda: works)
    monkeypatch.setattr(running, "_attach", lambda: None)
    Session._update(running)
    write(project, "app/server.js")
    running.check()

    assert running.done == ([["/app/server.js"]] if works else ["up"])
