"""The staged build context is the same on every machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from infra.image.build_context import BuildContextError, stage


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / ".dockerignore").write_text("test\n.dockerignore\n")
    (folder / "src" / "server.js").write_text("listen()\n")
    (folder / "start").write_text("#!/bin/sh\n")
    (folder / "start").chmod(0o700)
    (folder / "test").mkdir()
    (folder / "test" / "server.test.js").write_text("test()\n")
    return folder


def modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in [folder, *folder.rglob("*")]
    }


def test_what_docker_ignores_is_left_out_and_the_rest_is_there(app: Path, tmp_path: Path) -> None:
    staged = stage(app, "tag", tmp_path / "staging")

    names = sorted(str(path.relative_to(staged)) for path in staged.rglob("*") if path.is_file())
    assert names == [".dockerignore", "Dockerfile", "src/server.js", "start"]


def test_no_umask_decides_a_mode(app: Path, tmp_path: Path) -> None:
    for path in (app / "Dockerfile", app / "src" / "server.js"):
        path.chmod(0o600)
    before = os.umask(0o077)
    try:
        staged = stage(app, "tag", tmp_path / "staging")
    finally:
        os.umask(before)

    assert modes(staged) == {
        ".": "0o755",
        ".dockerignore": "0o644",
        "Dockerfile": "0o644",
        "src": "0o755",
        "src/server.js": "0o644",
        "start": "0o755",
    }


def test_what_was_staged_before_is_not_staged_again(app: Path) -> None:
    stage(app, "first", app / ".build")

    again = stage(app, "second", app / ".build")

    assert not (again / ".build").exists()


def test_a_link_stays_a_link(app: Path, tmp_path: Path) -> None:
    (app / "main.js").symlink_to("src/server.js")

    staged = stage(app, "tag", tmp_path / "staging")

    assert (staged / "main.js").readlink() == Path("src/server.js")


def test_the_same_content_is_copied_once(app: Path, tmp_path: Path) -> None:
    staged = stage(app, "tag", tmp_path / "staging")
    inode = staged.stat().st_ino

    assert stage(app, "tag", tmp_path / "staging").stat().st_ino == inode


def test_old_contexts_are_forgotten(app: Path, tmp_path: Path) -> None:
    for number in range(9):
        newest = stage(app, f"tag{number}", tmp_path / "staging")
        os.utime(newest, (number, number))

    kept = sorted(path.name for path in (tmp_path / "staging").iterdir())
    assert len(kept) == 5
    assert "tag8" in kept


def test_a_folder_without_a_dockerfile_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BuildContextError, match=r"app-path = .*Dockerfile does not exist; name the folder"):
        stage(tmp_path, "tag", tmp_path / "staging")
