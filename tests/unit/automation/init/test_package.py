"""An app's `package.json`, version of Node, package manager and workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.errors import AutomationError
from automation.init.manager import PackageManager
from automation.init.package import LTS, Package, Workspace
from tests.unit.automation.init.apps import write, write_app


def package(folder: Path) -> Package:
    found = Package.read(folder)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("engines", "major"),
    [
        (">=18", 24),
        (">=20 <23", 22),
        ("^20.11.0", 20),
        ("22.x", 22),
        ("^18 || ^20 || >=22", 24),
        ("18 - 22", 22),
        (">=26.1", 26),
        ("<24", 22),
        ("<=22.5.0", 22),
        ("*", 24),
        ("~18.2.0", 18),
        ("latest please", LTS),
        ("9" * 5000, 999_999_999),
        ("", LTS),
    ],
)
def test_engines_select_the_newest_release_line_with_long_term_support(
    tmp_path: Path, engines: str, major: int
) -> None:
    assert package(write_app(tmp_path, {"engines": {"node": engines}})).node_version() == major


@pytest.mark.parametrize(
    ("name", "text", "major"),
    [
        (".nvmrc", "v22.11.0\n", 22),
        (".nvmrc", "lts/jod\n", 22),
        (".nvmrc", "lts/*\n", LTS),
        (".node-version", "26\n", 26),
        (".tool-versions", "python 3.12\nnodejs 22.1.0\n", 22),
    ],
)
def test_a_version_file_has_precedence_over_engines(tmp_path: Path, name: str, text: str, major: int) -> None:
    write_app(tmp_path, {"engines": {"node": ">=20"}})
    write(tmp_path, name, text)

    assert package(tmp_path).node_version() == major


def test_the_version_of_node_is_read_from_volta(tmp_path: Path) -> None:
    assert package(write_app(tmp_path, {"volta": {"node": "22.3.0"}})).node_version() == 22


@pytest.mark.parametrize(
    ("lock", "text", "named", "expected"),
    [
        ("package-lock.json", "{}", "", "npm"),
        ("npm-shrinkwrap.json", "{}", "", "npm"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", "", "pnpm 10"),
        ("pnpm-lock.yaml", "lockfileVersion: '6.0'\n", "", "pnpm 8"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", "pnpm@9.12.0", "pnpm 10"),
        ("yarn.lock", "# yarn lockfile v1\n", "", "yarn 1"),
        ("yarn.lock", "__metadata:\n  version: 8\n", "", "berry 4"),
        ("yarn.lock", "__metadata:\n  version: 6\n", "", "berry 3"),
        ("yarn.lock", "", "yarn@4.1.0", "berry 4"),
    ],
)
def test_the_package_manager_is_that_of_the_lock_file_and_the_field(
    tmp_path: Path, lock: str, text: str, named: str, expected: str
) -> None:
    write_app(tmp_path, {"packageManager": named})
    write(tmp_path, lock, text)

    manager = PackageManager.of(package(tmp_path))

    assert f"{manager.kind} {manager.major}".strip() == expected
    assert manager.lock == lock


def test_the_field_selects_one_of_two_lock_files(tmp_path: Path) -> None:
    write_app(tmp_path, {"packageManager": "npm@11.0.0"})
    write(tmp_path, "yarn.lock", "")
    write(tmp_path, "package-lock.json", "{}")

    manager = PackageManager.of(package(tmp_path))

    assert (manager.kind, manager.other_locks) == ("npm", ("yarn.lock",))


def test_the_package_manager_without_a_lock_file_is_npm(tmp_path: Path) -> None:
    manager = PackageManager.of(package(write_app(tmp_path, {})))

    assert (manager.kind, manager.lock) == ("npm", None)


@pytest.mark.parametrize("by", ["npm", "pnpm"])
def test_the_workspace_of_a_package_is_found(tmp_path: Path, by: str) -> None:
    write_app(tmp_path, {"name": "all", **({"workspaces": ["apps/*"]} if by == "npm" else {})})
    write(tmp_path, "pnpm-workspace.yaml", "packages: ['./apps/*/']\n" if by == "pnpm" else "")
    app = write_app(tmp_path / "apps" / "web", {"name": "web"})

    found = Workspace.around(app)

    assert found is not None
    assert (found.root.folder, found.member) == (tmp_path, "apps/web")


def test_a_folder_outside_the_patterns_has_no_workspace(tmp_path: Path) -> None:
    write_app(tmp_path, {"workspaces": ["packages/*"]})

    assert Workspace.around(write_app(tmp_path / "apps" / "web", {})) is None


def test_a_workspace_outside_the_repository_is_ignored(tmp_path: Path) -> None:
    write_app(tmp_path, {"workspaces": ["*/*"]})
    (tmp_path / "mine" / ".git").mkdir(parents=True)

    assert Workspace.around(write_app(tmp_path / "mine" / "web", {})) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "is not valid JSON"), ("[]", "is not a JSON object"), ("[" * 100_000, "is not valid JSON")],
)
def test_an_invalid_manifest_is_rejected(tmp_path: Path, text: str, why: str) -> None:
    write(tmp_path, "package.json", text)

    with pytest.raises(AutomationError, match=f"package.json {why}"):
        Package.read(tmp_path)
