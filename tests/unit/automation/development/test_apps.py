"""The apps of a stack, their files, and the effect of a change."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from automation.development.apps import App, apps_of
from automation.errors import AutomationError
from infra.settings import ImageSettings, Settings, parse

DOCKERFILE = "FROM node:24\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN echo done\n"


def settings(**keys: Any) -> Settings:
    config = {f"node-on-ecs:{name.replace('_', '-')}": value for name, value in keys.items()}
    return parse(config, project="node-on-ecs", stack="dev", secret_keys=frozenset())


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / ".dockerignore").write_text("Dockerfile\n**/.*\nnode_modules\n")
    (folder / "package.json").write_text('{"scripts": {"start": "node ."}}')
    (folder / "server.js").write_text("1")
    (folder / "src" / "a.js").write_text("1")
    return App(name="web", main=True, source=ImageSettings(), services=("web",))


def test_the_main_app_has_all_services_without_their_own_image() -> None:
    apps = list(
        apps_of(
            settings(
                nat="none",
                multidev=["alice"],
                services={
                    "api": {"app-path": "api", "paths": ["/api/*"]},
                    "proxy": {"image": f"example.com/proxy@sha256:{'0' * 64}", "exposure": "none"},
                },
            )
        )
    )

    assert [(app.name, app.main, str(app.folder), app.services) for app in apps] == [
        ("web", True, "app", ("web", "web-alice")),
        ("api", False, "api", ("api",)),
    ]


def test_a_stack_with_an_image_from_a_registry_has_no_app() -> None:
    assert list(apps_of(settings(nat="none", image=f"example.com/app@sha256:{'0' * 64}"))) == []


def test_files_outside_the_build_context_are_not_among_its_files(app: App) -> None:
    before = app.files()
    (app.folder / "node_modules").mkdir()
    (app.folder / "node_modules" / "a.js").write_text("1")
    (app.folder / ".swp").write_text("1")

    assert app.files() == before
    assert {"server.js", "src/a.js"} <= before.keys()


@pytest.mark.parametrize("name", ["server.js", "Dockerfile", ".dockerignore"])
def test_the_state_of_a_written_file_changes(app: App, name: str) -> None:
    before = app.files()
    path = app.folder / name
    path.write_text(f"{path.read_text()}\n")
    after = app.files()

    assert before.keys() == after.keys()
    assert before != after


def test_a_source_file_is_copied_to_its_path_in_the_image(app: App) -> None:
    assert app.effects(["src/a.js"], app.plan()) == ({"/app/src/a.js": Path("app/src/a.js")}, [])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("package.json", "app/package.json: it describes the packages or the build"),
        ("\0", "app/Dockerfile: it defines the build"),
        ("\0.dockerignore", ".dockerignore: it defines the build"),
    ],
)
def test_packages_and_the_dockerfile_need_a_build(app: App, change: str, why: str) -> None:
    assert app.effects([change], app.plan()) == ({}, [why])


def test_a_file_that_an_install_script_may_read_needs_a_build(app: App) -> None:
    (app.folder / "Dockerfile").write_text("FROM node:24\nWORKDIR /app\nCOPY . .\nRUN npm ci\n")
    (app.folder / "package.json").write_text('{"scripts": {"postinstall": "node build.js"}}')

    _, built = app.effects(["server.js"], app.plan())

    assert built == ["app/server.js: line 4, `RUN npm ci`, may read it"]


def test_a_missing_folder_is_an_error(tmp_path: Path, app: App) -> None:
    (tmp_path / "elsewhere").mkdir()
    with chdir(tmp_path / "elsewhere"), pytest.raises(AutomationError, match="app/Dockerfile does not exist"):
        app.files()
