"""The Dockerfile and the ignore file of an app without one.

Each file of `dockerfiles/` is the Dockerfile of the app of the same name, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automation.init.app import App
from tests.unit.automation.init.apps import SERVER, write, write_app

EXPECTED = Path(__file__).with_name("dockerfiles")
TYPESCRIPT: dict[str, Any] = {
    "name": "shop",
    "scripts": {"build": "tsc", "start": "node dist/main.js", "prepare": "husky"},
    "dependencies": {"express": "^5.1.0"},
    "devDependencies": {"typescript": "^5.6.0", "husky": "^9.1.0"},
}


def npm(folder: Path) -> None:
    write_app(folder, {"scripts": {"start": "node server.js"}, "dependencies": {"express": "^5.1.0"}})
    write(folder, "package-lock.json", "{}")
    write(folder, ".npmrc", "engine-strict=true\n")
    write(folder, "server.js", SERVER)


def without_packages(folder: Path) -> None:
    write_app(folder, {"scripts": {"start": "node server.js"}})


def npm_typescript(folder: Path) -> None:
    write_app(folder, TYPESCRIPT)
    write(folder, "package-lock.json", "{}")
    write(folder, "src/main.ts", SERVER)


def pnpm(folder: Path) -> None:
    write_app(folder, {**TYPESCRIPT, "packageManager": "pnpm@10.12.1"})
    write(folder, "pnpm-lock.yaml", "lockfileVersion: '9.0'\n")


def pnpm_without_corepack(folder: Path) -> None:
    """Without a version in a field, with patches of packages."""
    write_app(folder, TYPESCRIPT)
    write(folder, "pnpm-lock.yaml", "lockfileVersion: '9.0'\n")
    write(folder, "patches/express.patch", "")


def yarn_classic(folder: Path) -> None:
    write_app(folder, TYPESCRIPT)
    write(folder, "yarn.lock", "# yarn lockfile v1\n")


def yarn_berry(folder: Path) -> None:
    write_app(folder, {**TYPESCRIPT, "packageManager": "yarn@4.9.2", "engines": {"node": ">=26"}})
    write(folder, "yarn.lock", "__metadata:\n  version: 8\n")
    write(folder, ".yarnrc.yml", "nodeLinker: pnp\n")


def yarn_berry_checked_in(folder: Path) -> None:
    write_app(folder, TYPESCRIPT)
    write(folder, "yarn.lock", "__metadata:\n  version: 6\n")
    write(folder, ".yarnrc.yml", "yarnPath: .yarn/releases/yarn-3.6.4.cjs\n")
    write(folder, ".yarn/cache/express.zip", "")


def next_standalone(folder: Path) -> None:
    scripts = {"build": "next build", "start": "next start"}
    write_app(folder, {"scripts": scripts, "dependencies": {"next": "15", "react": "19"}})
    write(folder, "package-lock.json", "{}")
    write(folder, "next.config.mjs", "export default { output: 'standalone' };\n")
    write(folder, "public/robots.txt", "")


def next_start(folder: Path) -> None:
    next_standalone(folder)
    write(folder, "next.config.mjs", "export default {};\n")


def nuxt(folder: Path) -> None:
    write_app(folder, {"scripts": {"build": "nuxt build"}, "dependencies": {"nuxt": "4"}})
    write(folder, "package-lock.json", "{}")


def prisma(folder: Path) -> None:
    """Its client is generated into `node_modules`, so that these are installed once."""
    start = "prisma migrate deploy && node dist/main.js"
    write_app(
        folder,
        {
            "scripts": {"build": "tsc", "start": start},
            "dependencies": {"@prisma/client": "6", "prisma": "6"},
            "devDependencies": {"typescript": "5"},
        },
    )
    write(folder, "package-lock.json", "{}")


def development_packages(folder: Path) -> None:
    """A program that starts the app is installed for development only."""
    write_app(folder, {"scripts": {"start": "tsx src/main.ts"}, "devDependencies": {"tsx": "4"}})
    write(folder, "package-lock.json", "{}")


def workspace_pnpm(folder: Path) -> None:
    write_app(folder, {"packageManager": "pnpm@10.12.1"})
    write(folder, "pnpm-workspace.yaml", "packages: [apps/*]\n")
    write(folder, "pnpm-lock.yaml", "lockfileVersion: '9.0'\n")
    write_app(folder / "apps" / "web", {**TYPESCRIPT, "name": "web"})


def workspace_npm_turbo(folder: Path) -> None:
    write_app(folder, {"workspaces": ["apps/*"], "devDependencies": {"turbo": "2"}})
    write(folder, "package-lock.json", "{}")
    write_app(folder / "apps" / "web", {**TYPESCRIPT, "name": "web"})


APPS: list[Callable[[Path], None]] = [
    npm,
    without_packages,
    npm_typescript,
    pnpm,
    pnpm_without_corepack,
    yarn_classic,
    yarn_berry,
    yarn_berry_checked_in,
    next_standalone,
    next_start,
    nuxt,
    prisma,
    development_packages,
    workspace_pnpm,
    workspace_npm_turbo,
]


def app_of(write_it: Callable[[Path], None], folder: Path) -> App:
    write_it(folder)
    member = folder / "apps" / "web"
    return App.of(folder.parent / "project", member if member.exists() else folder)


@pytest.mark.parametrize("write_it", APPS, ids=lambda function: function.__name__)
def test_each_kind_of_app_has_its_dockerfile_without_root_and_with_signals(
    tmp_path: Path, write_it: Callable[[Path], None]
) -> None:
    app = app_of(write_it, tmp_path / "app")
    text = app.missing_files[app.dockerfile]
    last = text.rpartition("\nFROM ")[2].splitlines()
    command = json.loads(last[-1].removeprefix("CMD "))

    assert text == (EXPECTED / f"{write_it.__name__}.Dockerfile").read_text()
    assert {"USER 1000:1000", "ENV NODE_ENV=production", f"EXPOSE {app.port}"} <= {*last}
    assert command[0] not in {"npm", "pnpm", "yarn"}
    assert command[0] != "sh" or "exec " in command[2]


def test_the_ignore_file_lists_secrets_packages_and_ignored_build_outputs(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    npm_typescript(folder)
    write(folder, ".gitignore", "/dist/\nnode_modules\n*.tmp\n")

    lines = App.of(tmp_path / "project", folder).missing_files[folder / ".dockerignore"].splitlines()

    assert {"**/.git", "**/.env", "**/.env.*", "**/node_modules", "**/dist", "**/Dockerfile*"} <= {*lines}
    assert "**/build" not in lines


def test_a_folder_that_git_does_not_ignore_is_not_in_the_ignore_file(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    npm_typescript(folder)

    assert "**/dist" not in App.of(tmp_path, folder).missing_files[folder / ".dockerignore"].splitlines()


def test_the_ignore_file_of_an_app_around_this_project_lists_the_project(tmp_path: Path) -> None:
    npm(tmp_path)

    ignored = App.of(tmp_path / "deploy", tmp_path).missing_files[tmp_path / ".dockerignore"]

    assert ignored.splitlines()[-1] == "deploy"


def test_an_existing_ignore_file_is_kept(tmp_path: Path) -> None:
    npm(tmp_path / "app")
    write(tmp_path / "app", ".dockerignore", "mine\n")

    assert [*App.of(tmp_path, tmp_path / "app").missing_files] == [tmp_path / "app" / "Dockerfile"]


def test_a_package_of_a_workspace_is_built_from_the_root(tmp_path: Path) -> None:
    """By its own Dockerfile, with an ignore file that no other package reads."""
    app = app_of(workspace_pnpm, tmp_path / "mono")

    assert (app.keys.path, app.keys.dockerfile) == ("../mono", "../mono/apps/web/Dockerfile")
    assert {path.name for path in app.missing_files} == {"Dockerfile", "Dockerfile.dockerignore"}


@pytest.mark.parametrize(
    ("dockerfile", "path"),
    [
        ("FROM node\nCOPY pnpm-lock.yaml .\n", "../mono"),
        ("FROM node\nCOPY package.json .\n", "../mono/apps/web"),
    ],
)
def test_a_dockerfile_that_copies_the_lock_file_of_the_workspace_is_built_from_its_root(
    tmp_path: Path, dockerfile: str, path: str
) -> None:
    workspace_pnpm(tmp_path / "mono")
    write(tmp_path / "mono" / "apps" / "web", "Dockerfile", dockerfile)

    app = App.of(tmp_path / "project", tmp_path / "mono" / "apps" / "web")

    assert app.keys.path == path
    assert app.missing_files == {}


@pytest.mark.parametrize(
    ("write_it", "text"),
    [(development_packages, "tsx starts the app"), (next_start, "standalone"), (workspace_npm_turbo, "")],
)
def test_causes_of_a_large_image_are_reported(
    tmp_path: Path, write_it: Callable[[Path], None], text: str
) -> None:
    remarks = [line for line in app_of(write_it, tmp_path / "app").remarks() if "arm64" not in line]

    assert [text in line for line in remarks] == ([True] if text else [])


def test_a_missing_lock_file_is_reported(tmp_path: Path) -> None:
    write_app(tmp_path, {"scripts": {"start": "node a.js"}, "dependencies": {"express": "5"}})

    assert "no lock file of npm" in " ".join(App.of(tmp_path, tmp_path).remarks())


@pytest.mark.parametrize(
    ("line", "is_secret"),
    [
        ("//registry.example.com/:_authToken=abc", True),
        ("_password = abc", True),
        ("//registry.example.com/:_authToken=${NPM_TOKEN}", False),
        ("# _authToken=abc", False),
        ("engine-strict=true", False),
    ],
)
def test_a_token_in_npmrc_is_mounted_as_a_build_secret(tmp_path: Path, line: str, *, is_secret: bool) -> None:
    """A copied file would be in a layer, and in the build cache of the registry."""
    folder = tmp_path / "app"
    npm_typescript(folder)
    write(folder, ".npmrc", f"{line}\n")
    app = App.of(tmp_path / "project", folder)
    dockerfile, ignored = (app.missing_files[folder / name] for name in ("Dockerfile", ".dockerignore"))
    installs = [line for line in dockerfile.splitlines() if "npm ci" in line]

    assert ("COPY package.json package-lock.json .npmrc ./" in dockerfile) is not is_secret
    assert {"--mount=type=secret,id=npmrc,target=/app/.npmrc " in line for line in installs} == {is_secret}
    assert ("**/.npmrc" in ignored.splitlines()) is is_secret
    assert app.keys.build_secrets == ({"npmrc": "../app/.npmrc"} if is_secret else {})
    assert any(remark.startswith(".npmrc has a token") for remark in app.remarks()) is is_secret


def test_a_token_in_yarnrc_is_reported(tmp_path: Path) -> None:
    """Each command of Yarn reads the file, so that it cannot be mounted for the installation alone."""
    yarn_berry(tmp_path)
    write(tmp_path, ".yarnrc.yml", 'npmAuthToken: "abc"\n')

    assert any(
        ".yarnrc.yml has a token: it would be" in line for line in App.of(tmp_path, tmp_path).remarks()
    )
