"""What `up` does about a `dev` that was killed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automation.development import leftovers
from automation.development.leftovers import put_back
from local.locks import stack_watched


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done with services, whose tasks run from a folder."""
    found: list[str] = []

    class ForcedDeployment:
        def __init__(self, _: Any, service: str) -> None:
            self.service = service

        def start(self) -> None:
            found.append(f"start {self.service}")

        def wait(self, *, minutes: float) -> None:
            found.append(f"wait {self.service} {minutes > 0}")

    deployed = SimpleNamespace(services={"web": "web", "api": "api"})
    monkeypatch.setattr(leftovers, "ForcedDeployment", ForcedDeployment)
    monkeypatch.setattr(leftovers, "DeployedStack", SimpleNamespace(of=lambda *_: deployed))
    monkeypatch.setattr(leftovers.containers, "running", lambda folder: int(folder.endswith("web-1")))
    return found


@pytest.fixture
def stacks(tmp_path: Path) -> Any:
    return SimpleNamespace(local=SimpleNamespace(folder=tmp_path))


def left(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "live" / "dev"
    (folder / name).mkdir(parents=True)
    return folder


def test_tasks_of_a_killed_dev_are_replaced(stacks: Any, done: list[str], tmp_path: Path) -> None:
    folder = left(tmp_path, "web-1")
    put_back(stacks, "dev")

    assert done == ["start web", "start api", "wait web True", "wait api True"]
    assert not folder.exists()


def test_those_of_a_live_one_stay(stacks: Any, done: list[str], tmp_path: Path) -> None:
    folder = left(tmp_path, "web-1")
    with stack_watched(tmp_path, "dev", "dev dev"):
        put_back(stacks, "dev")

    assert (done, folder.exists()) == ([], True)


def test_a_folder_that_no_task_runs_is_deleted(stacks: Any, done: list[str], tmp_path: Path) -> None:
    folder = left(tmp_path, "web-2")
    put_back(stacks, "dev")

    assert (done, folder.exists()) == ([], False)


def test_without_one_nothing_is_done(stacks: Any, done: list[str], tmp_path: Path) -> None:
    put_back(stacks, "dev")

    assert (done, [*tmp_path.iterdir()]) == ([], [])
