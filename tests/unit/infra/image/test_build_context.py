"""The build context: its files and modes, and staged copies."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from infra.image.build_context import BuildContext, BuildContextError
from infra.image.content_tag import content_tag


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


def context(app: Path) -> BuildContext:
    return BuildContext(app, app / "Dockerfile")


def modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in [folder, *folder.rglob("*")]
    }


def test_staged_context_has_no_ignored_files_and_an_empty_ignore_file(app: Path, tmp_path: Path) -> None:
    """The ignore file beside the Dockerfile takes precedence over one in the context."""
    staged = context(app).stage("tag", tmp_path / "staging")

    names = sorted(
        str(path.relative_to(staged.context)) for path in staged.context.rglob("*") if path.is_file()
    )
    assert names == ["Dockerfile", "src/server.js", "start"]
    assert staged.dockerfile.read_text() == "FROM scratch\n"
    assert staged.dockerfile.with_name("Dockerfile.dockerignore").read_text() == ""


def test_modes_do_not_depend_on_the_umask(app: Path, tmp_path: Path) -> None:
    for path in (app / "Dockerfile", app / "src" / "server.js"):
        path.chmod(0o600)
    before = os.umask(0o077)
    try:
        context(app).stage("tag", tmp_path / "staging")
    finally:
        os.umask(before)

    assert modes(tmp_path / "staging" / "tag") == {
        ".": "0o755",
        "Dockerfile": "0o644",
        "Dockerfile.dockerignore": "0o644",
        "context": "0o755",
        "context/Dockerfile": "0o644",
        "context/src": "0o755",
        "context/src/server.js": "0o644",
        "context/start": "0o755",
    }


def test_links_are_copied_as_links(app: Path, tmp_path: Path) -> None:
    (app / "main.js").symlink_to("src/server.js")
    (app / "nowhere").symlink_to("/does/not/exist")

    staged = context(app).stage("tag", tmp_path / "staging").context

    assert (staged / "main.js").readlink() == Path("src/server.js")
    assert (staged / "nowhere").is_symlink()


def test_same_tag_is_staged_once(app: Path, tmp_path: Path) -> None:
    staged = context(app).stage("tag", tmp_path / "staging").context
    inode = staged.stat().st_ino

    assert context(app).stage("tag", tmp_path / "staging").context.stat().st_ino == inode


def test_old_contexts_are_deleted(app: Path, tmp_path: Path) -> None:
    for number in range(9):
        newest = context(app).stage(f"tag{number}", tmp_path / "staging").context.parent
        os.utime(newest, (number, number))

    kept = sorted(path.name for path in (tmp_path / "staging").iterdir())
    assert len(kept) == 5
    assert "tag8" in kept


def test_contexts_of_this_run_are_kept_however_many_there_are(app: Path, tmp_path: Path) -> None:
    old = context(app).stage("old", tmp_path / "staging").context.parent
    os.utime(old, (0, 0))

    staged = [context(app).stage(tag, tmp_path / "staging") for tag in ("old", *"abcdefgh")]

    assert [copy.context.is_dir() for copy in staged] == [True] * 9


def test_dockerfile_can_be_elsewhere_with_another_name(app: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "docker" / "prod.Dockerfile"
    elsewhere.parent.mkdir()
    elsewhere.write_text("FROM scratch AS prod\n")

    staged = BuildContext.of(str(app), str(elsewhere)).stage("tag", tmp_path / "staging")

    assert staged.dockerfile.read_text() == "FROM scratch AS prod\n"
    assert "prod.Dockerfile" not in {path.name for path in staged.context.rglob("*")}


def test_ignore_file_of_the_dockerfile_takes_precedence(app: Path) -> None:
    (app / "Dockerfile.dockerignore").write_text("*\n!start\n")

    assert context(app).files() == ["start"]


def test_ignored_dockerfile_is_built(app: Path, tmp_path: Path) -> None:
    (app / ".dockerignore").write_text("Dockerfile\n.dockerignore\ntest\n")

    staged = context(app).stage("tag", tmp_path / "staging")

    assert staged.dockerfile.is_file()
    assert not (staged.context / "Dockerfile").exists()


@pytest.mark.parametrize("app_path", ["..", ".", "../../outside/project"])
def test_generated_folders_of_the_project_are_excluded(tmp_path: Path, app_path: str) -> None:
    """Otherwise staged copies would double the context, and change its tag, at each run."""
    project = tmp_path / "outside" / "project"
    (project / "infra" / "__pycache__").mkdir(parents=True)
    for folder in ("outside", "outside/project"):
        (tmp_path / folder / "Dockerfile").write_text("FROM scratch\n")
        (tmp_path / folder / "index.js").write_text("listen()\n")
    staged = set[Path]()

    with chdir(project):
        for number in range(4):
            outer = BuildContext.of(app_path, None)
            tag = content_tag(outer, build_args={}, platforms=[])
            staged.add(outer.stage(tag).context.resolve())
            for generated in (".local", ".venv", "infra/__pycache__"):
                (project / generated).mkdir(exist_ok=True)
                (project / generated / f"file-{number}").write_text("x")

    (context,) = staged
    names = {path.name for path in context.rglob("*")}
    assert "index.js" in names
    assert not {".build", ".local", ".venv", "__pycache__"} & names


def test_folders_of_the_app_with_such_names_are_kept(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for folder in ("app/.build", "app/.local", "app/__pycache__"):
        (project / folder).mkdir(parents=True)
        (project / folder / "page.js").write_text("page\n")
    (project / "app" / "Dockerfile").write_text("FROM scratch\n")

    with chdir(project):
        files = BuildContext.of("app", None).files()

    assert {".build/page.js", ".local/page.js"} <= {*files}


def _no_dockerfile(app: Path) -> None:
    (app / "Dockerfile").unlink()


def _unreadable_folder(app: Path) -> None:
    (app / "src").rename(app / "src.before")
    (app / "src").symlink_to("src")


def _not_utf_8(app: Path) -> None:
    (app / ".dockerignore").write_bytes("größe\n".encode("latin-1"))


def _malformed(app: Path) -> None:
    (app / ".dockerignore").write_text("src/[a\n")


def _nothing_kept(app: Path) -> None:
    (app / ".dockerignore").write_text("*\n!\n")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (_no_dockerfile, r"Dockerfile does not exist; `app-path` is the folder"),
        (_not_utf_8, r"\.dockerignore is not UTF-8"),
        (_malformed, r"\.dockerignore: the pattern 'src/\[a' has a malformed character class"),
        (_nothing_kept, r"\.dockerignore: the line '!' has no path"),
    ],
)
def test_invalid_folders_are_rejected(app: Path, break_it: Callable[[Path], None], message: str) -> None:
    break_it(app)

    with pytest.raises(BuildContextError, match=message):
        BuildContext.of(str(app), None).files()


def test_missing_dockerfile_is_named(app: Path) -> None:
    with pytest.raises(
        BuildContextError, match=r"dockerfile = 'prod\.Dockerfile': prod\.Dockerfile does not exist"
    ):
        BuildContext.of(str(app), "prod.Dockerfile")


def test_unreadable_file_is_named(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions would not matter to root, who may run the tests."""

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)

    with pytest.raises(BuildContextError, match=r"Dockerfile cannot be read.*: Permission denied"):
        content_tag(context(app), build_args={}, platforms=[])
