"""What a build sees of its context is what BuildKit sends, and its hash follows that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from local.build_context import context_hash, files
from local.resources.base import ResourceError

TREE = (
    ".env", ".env.local", "Dockerfile", "README.md", "[x]/y", "a b.js", "app.js", "bar/foobar",
    "docs/checks/one.md", "docs/two.md", "foobar", "node_modules/m/index.js", "packages/a/index.js",
    "packages/a/package.json", "packages/b/package.json", "src/lib/x", "src/lib/y.md", "src/x",
    "templates/docs/CLAUDE.md",
)  # fmt: skip


def sent(tmp_path: Path, ignore: str) -> set[str]:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".dockerignore").write_text(ignore)
    return {*files(tmp_path, tmp_path / "Dockerfile")} - {".dockerignore"}


# What github.com/moby/patternmatcher 0.6.0 answers, folder by folder as BuildKit walks.
@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("*", set()),
        ("**", set()),
        ("*\n!packages/*/package.json", {"packages/a/package.json", "packages/b/package.json"}),
        ("*\n!**/x", {"src/lib/x", "src/x"}),
        ("*\n!src\nsrc/lib", {"src/x"}),
        ("!src\n*", set()),
        ("*\n!?pp.js", {"app.js"}),
        ("*\n![a-f]*.js", {"a b.js", "app.js"}),
        ("*\n!\\[x\\]", {"[x]/y"}),
    ],
)
def test_a_pattern_may_let_through_what_is_below_a_folder_that_is_left_out(
    tmp_path: Path, ignore: str, left: set[str]
) -> None:
    assert sent(tmp_path, ignore) == left


@pytest.mark.parametrize(
    ("ignore", "left_out"),
    [
        ("", set()),
        ("# *\n\n  app.js  ", {"app.js"}),
        ("/app.js", {"app.js"}),
        ("./src/../app.js", {"app.js"}),
        ("a b.js", {"a b.js"}),
        (".env*", {".env", ".env.local"}),
        ("src/", {"src/lib/x", "src/lib/y.md", "src/x"}),
        ("src/**", {"src/lib/x", "src/lib/y.md", "src/x"}),
        ("*.md", {"README.md"}),
        ("[^a]*.js", set()),
        ("foo**", {"foobar"}),
        ("**oobar", {"bar/foobar", "foobar"}),
        ("**/foobar", {"bar/foobar", "foobar"}),
        ("docs\n!docs/checks", {"docs/two.md"}),
        ("node_modules\n**/index.js", {"node_modules/m/index.js", "packages/a/index.js"}),
        # A folder that nothing leaves out is not let through for what is in it.
        (
            "**/*.md\n!templates",
            {"README.md", "docs/checks/one.md", "docs/two.md", "src/lib/y.md", "templates/docs/CLAUDE.md"},
        ),
    ],
)
def test_a_pattern_leaves_out_what_buildkit_leaves_out(
    tmp_path: Path, ignore: str, left_out: set[str]
) -> None:
    assert sent(tmp_path, ignore) == {*TREE} - left_out


def test_the_dockerfiles_own_ignore_file_goes_first(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile.dockerignore").write_text("*\n!app.js\n")

    assert sent(tmp_path, "app.js") == {"app.js"}


def test_links_are_sent_as_they_are_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to("/etc")

    assert "elsewhere" in sent(tmp_path, "")


@pytest.mark.parametrize("content", [b"[a\n", b"\xff\xfe*\n"])
def test_an_ignore_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".dockerignore").write_bytes(content)

    with pytest.raises(ResourceError, match=r"\.dockerignore"):
        list(files(tmp_path, tmp_path / "Dockerfile"))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    (folder / "src" / "server.js").write_text("one")
    (folder / "notes.md").write_text("for people")
    (folder / ".dockerignore").write_text("# for people\n*.md\nnode_modules\n")
    return folder


def hash_of(app: Path) -> str:
    return context_hash(app, app / "Dockerfile")


def rewrite(app: Path) -> None:
    (app / "src" / "server.js").write_text("two")


def add(app: Path) -> None:
    (app / "src" / "more.js").write_text("")


def rename(app: Path) -> None:
    (app / "src" / "server.js").rename(app / "src" / "main.js")


def make_executable(app: Path) -> None:
    (app / "src" / "server.js").chmod(0o755)


def edit_dockerfile(app: Path) -> None:
    (app / "Dockerfile").write_text("FROM scratch\n")


@pytest.mark.parametrize("change", [rewrite, add, rename, make_executable, edit_dockerfile])
def test_whatever_a_build_sees_changes_the_hash(app: Path, change: Callable[[Path], None]) -> None:
    (app / "src" / "server.js").chmod(0o644)
    before = hash_of(app)

    change(app)

    assert hash_of(app) != before


def test_what_dockerignore_leaves_out_changes_nothing(app: Path) -> None:
    before = hash_of(app)

    (app / "notes.md").write_text("rewritten")
    (app / "node_modules").mkdir()
    (app / "node_modules" / "left.js").write_text("")

    assert hash_of(app) == before


def test_time_changes_nothing(app: Path) -> None:
    before = hash_of(app)

    (app / "src" / "server.js").touch()

    assert hash_of(app) == before


def test_one_file_that_reads_like_two_has_another_hash(app: Path) -> None:
    for name, text in (("a", "x"), ("b", "y")):
        (app / name).write_text(text)
        (app / name).chmod(0o644)
    before = hash_of(app)

    (app / "b").unlink()
    (app / "a").write_text("xb\x00644\x00y")

    assert hash_of(app) != before


def test_a_file_that_cannot_be_read_is_named(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)

    with pytest.raises(ResourceError, match=r"cannot read .*Dockerfile: Permission denied"):
        hash_of(app)
