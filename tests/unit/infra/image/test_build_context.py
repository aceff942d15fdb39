"""What a build sees: which files, with which modes, staged the same on every machine."""

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


def test_what_is_ignored_is_left_out_and_nothing_is_ignored_again(app: Path, tmp_path: Path) -> None:
    """The staged ignore file stands beside the Dockerfile, which goes before one in the context."""
    staged = context(app).stage("tag", tmp_path / "staging")

    names = sorted(
        str(path.relative_to(staged.context)) for path in staged.context.rglob("*") if path.is_file()
    )
    assert names == ["Dockerfile", "src/server.js", "start"]
    assert staged.dockerfile.read_text() == "FROM scratch\n"
    assert staged.dockerfile.with_name("Dockerfile.dockerignore").read_text() == ""


def test_no_umask_decides_a_mode(app: Path, tmp_path: Path) -> None:
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


def test_a_link_stays_a_link(app: Path, tmp_path: Path) -> None:
    (app / "main.js").symlink_to("src/server.js")
    (app / "nowhere").symlink_to("/does/not/exist")

    staged = context(app).stage("tag", tmp_path / "staging").context

    assert (staged / "main.js").readlink() == Path("src/server.js")
    assert (staged / "nowhere").is_symlink()


def test_the_same_content_is_copied_once(app: Path, tmp_path: Path) -> None:
    staged = context(app).stage("tag", tmp_path / "staging").context
    inode = staged.stat().st_ino

    assert context(app).stage("tag", tmp_path / "staging").context.stat().st_ino == inode


def test_old_contexts_are_forgotten(app: Path, tmp_path: Path) -> None:
    for number in range(9):
        newest = context(app).stage(f"tag{number}", tmp_path / "staging").context.parent
        os.utime(newest, (number, number))

    kept = sorted(path.name for path in (tmp_path / "staging").iterdir())
    assert len(kept) == 5
    assert "tag8" in kept


def test_what_a_run_has_staged_or_found_stays_however_many_services_it_has(app: Path, tmp_path: Path) -> None:
    found = context(app).stage("found", tmp_path / "staging").context.parent
    os.utime(found, (0, 0))

    staged = [context(app).stage(tag, tmp_path / "staging") for tag in ("found", *"abcdefgh")]

    assert [one.context.is_dir() for one in staged] == [True] * 9


def test_a_dockerfile_may_be_elsewhere_under_another_name(app: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "docker" / "prod.Dockerfile"
    elsewhere.parent.mkdir()
    elsewhere.write_text("FROM scratch AS prod\n")

    staged = BuildContext.of(str(app), str(elsewhere)).stage("tag", tmp_path / "staging")

    assert staged.dockerfile.read_text() == "FROM scratch AS prod\n"
    assert "prod.Dockerfile" not in {path.name for path in staged.context.rglob("*")}


def test_the_dockerfile_s_own_ignore_file_goes_before_the_context_s(app: Path) -> None:
    (app / "Dockerfile.dockerignore").write_text("*\n!start\n")

    assert context(app).files() == ["start"]


def test_a_dockerfile_that_is_ignored_is_built_all_the_same(app: Path, tmp_path: Path) -> None:
    (app / ".dockerignore").write_text("Dockerfile\n.dockerignore\ntest\n")

    staged = context(app).stage("tag", tmp_path / "staging")

    assert staged.dockerfile.is_file()
    assert not (staged.context / "Dockerfile").exists()


@pytest.mark.parametrize("app_path", ["..", ".", "../../outside/project"])
def test_an_app_around_the_project_never_has_what_the_project_makes(tmp_path: Path, app_path: str) -> None:
    """Staged copies that were staged again would double the context, and change its tag, at each run."""
    project = tmp_path / "outside" / "project"
    (project / "infra" / "__pycache__").mkdir(parents=True)
    for folder in ("outside", "outside/project"):
        (tmp_path / folder / "Dockerfile").write_text("FROM scratch\n")
        (tmp_path / folder / "index.js").write_text("listen()\n")
    tags = set[str]()

    with chdir(project):
        for number in range(4):
            around = BuildContext.of(app_path, None)
            tag = content_tag(around, build_args={}, platforms=[])
            around.stage(tag)
            tags.add(tag)
            for made in (".local", ".venv", "infra/__pycache__"):
                (project / made).mkdir(exist_ok=True)
                (project / made / f"made-{number}").write_text("x")
        staged = around.stage(tag).context

    assert len(tags) == 1
    assert not {".build", ".local", ".venv", "__pycache__"} & {path.name for path in staged.rglob("*")}


def test_an_app_s_own_folder_of_such_a_name_is_the_app_s(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for folder in ("app/.build", "app/.local", "app/__pycache__"):
        (project / folder).mkdir(parents=True)
        (project / folder / "page.js").write_text("page\n")
    (project / "app" / "Dockerfile").write_text("FROM scratch\n")

    with chdir(project):
        seen = BuildContext.of("app", None).files()

    assert {".build/page.js", ".local/page.js"} <= {*seen}


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
    ("spoil", "says"),
    [
        (_no_dockerfile, r"Dockerfile does not exist; `app-path` names the folder"),
        (_not_utf_8, r"\.dockerignore is not UTF-8"),
        (_malformed, r"\.dockerignore: the pattern 'src/\[a' has a malformed class of characters"),
        (_nothing_kept, r"\.dockerignore: the line '!' names nothing"),
    ],
)
def test_what_cannot_be_built_from_is_said_in_a_sentence(
    app: Path, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(app)

    with pytest.raises(BuildContextError, match=says):
        BuildContext.of(str(app), None).files()


def test_a_dockerfile_that_is_not_there_is_named(app: Path) -> None:
    with pytest.raises(
        BuildContextError, match=r"dockerfile = 'prod\.Dockerfile': prod\.Dockerfile does not exist"
    ):
        BuildContext.of(str(app), "prod.Dockerfile")


def test_a_file_that_cannot_be_read_is_named(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For root, who may run the tests, every file can be."""

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)

    with pytest.raises(BuildContextError, match=r"Dockerfile cannot be read.*: Permission denied"):
        content_tag(context(app), build_args={}, platforms=[])
