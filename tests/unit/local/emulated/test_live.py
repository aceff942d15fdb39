"""Containers that run their app from a folder of this machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulated.live import live_keywords
from local.live.notes import LABEL, Live, Notes

DIGEST = "sha256:1"
IMAGE = {"image": f"localhost:4566/app@{DIGEST}"}
KEYWORDS: dict[str, Any] = {
    "labels": {"task": "1"},
    "volumes": ["files:/files:rw"],
    "environment": {"PORT": "3000"},
}


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    notes = Notes.of(tmp_path)
    for name, value in notes.variables.items():
        monkeypatch.setenv(name, value)
    notes.write("dev", {DIGEST: Live("/here/app", "/app")})
    return notes


def keywords(*, restarts: bool = True, image: Any = None, **given: Any) -> dict[str, Any]:
    config = {
        "Cmd": ["node", "server.js"],
        "Entrypoint": None,
        "Env": ["PATH=/bin", "NODE_OPTIONS=--of-image"],
    }
    client: Any = SimpleNamespace(
        api=SimpleNamespace(inspect_image=lambda _: {"Config": config | (image or {})})
    )
    return live_keywords(client, IMAGE, KEYWORDS | given, restarts=restarts)


def test_without_dev_nothing_changes() -> None:
    assert keywords() == {}


def test_another_image_is_not_changed(live: Notes) -> None:
    live.write("dev", {"sha256:2": Live("/here/app", "/app")})

    assert keywords() == {}


def test_the_folder_is_mounted_read_only_beside_the_tasks_volumes(live: Notes) -> None:
    assert keywords()["volumes"] == ["files:/files:rw", "/here/app:/app:ro,z"]


def test_mount_points_below_the_folder_are_created(live: Notes, tmp_path: Path) -> None:
    """Docker cannot create one below a read-only mount."""
    live.write("dev", {DIGEST: Live(str(tmp_path / "app"), "/app")})

    keywords(volumes=["files:/app/data/files:rw", "more:/data:rw"], tmpfs={"/app/tmp": "size=16m"})

    assert sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "app").rglob("*")) == [
        "app/data",
        "app/data/files",
        "app/tmp",
    ]


def test_a_service_runs_its_command_under_the_supervisor_and_has_a_label(live: Notes) -> None:
    changed = keywords()

    assert (changed["entrypoint"][:2], changed["entrypoint"][-1]) == (["node", "-e"], "--")
    assert changed["command"] == ["node", "server.js"]
    assert changed["labels"] == {"task": "1", LABEL: "/here/app"}


def test_a_task_that_exits_gets_only_the_folder(live: Notes) -> None:
    assert keywords(restarts=False).keys() == {"volumes"}


@pytest.mark.parametrize(
    ("given", "image", "command"),
    [
        ({"command": ["node", "worker.js"]}, {}, ["node", "worker.js"]),
        ({}, {"Entrypoint": ["tini", "--"]}, ["tini", "--", "node", "server.js"]),
        ({"entrypoint": ["sh"]}, {}, ["sh"]),
        ({"entrypoint": ["sh"], "command": ["-c", "x"]}, {"Entrypoint": ["tini"]}, ["sh", "-c", "x"]),
    ],
)
def test_the_supervised_command_is_the_one_that_docker_would_run(
    live: Notes, given: dict[str, Any], image: dict[str, Any], command: list[str]
) -> None:
    assert keywords(image=image, **given)["command"] == command


def test_node_options_are_passed_to_the_app(live: Notes) -> None:
    of_task = keywords(environment={"NODE_OPTIONS": "--of-task"})["environment"]

    assert of_task == {"NODE_OPTIONS": "", "NODE_ON_ECS_NODE_OPTIONS": "--of-task"}
    assert keywords()["environment"]["NODE_ON_ECS_NODE_OPTIONS"] == "--of-image"
