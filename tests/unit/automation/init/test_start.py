"""The command that starts an app, so that SIGTERM reaches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.errors import AutomationError
from automation.init.package import Package
from automation.init.start import start_of
from tests.unit.automation.init.apps import write, write_app


def command(folder: Path) -> list[str]:
    package = Package.read(folder)
    assert package is not None
    return [*start_of(package).command]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("node server.js", ["node", "server.js"]),
        ("node --enable-source-maps dist/main", ["node", "--enable-source-maps", "dist/main"]),
        ("NODE_ENV=production node server.js", ["node", "server.js"]),
        ("cross-env NODE_ENV=production PORT=3000 node server.js", ["node", "server.js"]),
        ("nodemon server.js", ["node", "server.js"]),
        ("node --watch --env-file=.env server.js", ["node", "server.js"]),
        ("next start -p 4000", ["next", "start"]),
        ("npm run serve", ["node", "a b.js"]),
        (
            "prisma migrate deploy && node dist/main.js",
            ["sh", "-c", "prisma migrate deploy && exec node dist/main.js"],
        ),
        ("migrate && A=b node x.js", ["sh", "-c", "migrate && exec env A=b node x.js"]),
        ("node a.js | pino", ["sh", "-c", "node a.js | pino"]),
        ("npm run build &&", ["sh", "-c", "npm run build &&"]),
        ("npm run blank", ["npm", "run", "blank"]),
    ],
)
def test_a_script_is_converted_to_a_command_without_a_package_manager(
    tmp_path: Path, script: str, expected: list[str]
) -> None:
    """Options for development are left out, and a shell is replaced by the app."""
    write_app(tmp_path, {"scripts": {"start": script, "serve": 'node "a b.js"', "blank": " "}})

    assert command(tmp_path) == expected


def test_the_script_for_production_has_precedence_over_start(tmp_path: Path) -> None:
    """Nest's `start` compiles, with packages that production does not have."""
    scripts = {"start": "nest start", "start:prod": "node dist/main"}

    assert command(write_app(tmp_path, {"scripts": scripts})) == ["node", "dist/main"]


def test_variables_of_the_script_are_set_in_the_image(tmp_path: Path) -> None:
    package = Package.read(write_app(tmp_path, {"scripts": {"start": "TZ=UTC NODE_ENV=x node a.js"}}))
    assert package is not None

    assert start_of(package).variables == {"TZ": "UTC"}


def test_nuxt_is_started_by_its_own_server(tmp_path: Path) -> None:
    manifest = {"dependencies": {"nuxt": "4"}, "scripts": {"build": "nuxt build", "start": "nuxt preview"}}

    assert command(write_app(tmp_path, manifest)) == ["node", ".output/server/index.mjs"]


@pytest.mark.parametrize(
    ("manifest", "files", "expected"),
    [
        ({"main": "lib/app.js"}, ["lib/app.js"], "lib/app.js"),
        ({}, ["index.js"], "index.js"),
        ({"main": "gone.js"}, ["src/server.js"], "src/server.js"),
        ({"main": "dist/index.js", "scripts": {"build": "tsc"}}, [], "dist/index.js"),
    ],
)
def test_an_app_without_a_script_is_started_by_its_main_file(
    tmp_path: Path, manifest: dict[str, str], files: list[str], expected: str
) -> None:
    write_app(tmp_path, manifest)
    for name in files:
        write(tmp_path, name, "")

    assert command(tmp_path) == ["node", expected]


def test_an_app_without_a_start_is_rejected_with_the_command_to_add_one(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match=r'npm pkg set scripts\.start="node server\.js"'):
        command(write_app(tmp_path, {"scripts": {"dev": "vite"}}))
