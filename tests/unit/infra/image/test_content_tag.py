"""The content tag: another build, another tag; the same build, the same tag."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.image.build_context import BuildContext
from infra.image.content_tag import content_tag


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "server.js").write_text("listen()\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "page.js").write_text("page\n")
    (tmp_path / ".dockerignore").write_text("#notes\n\ntest\n**/*.log\n!src/keep.log\n")
    return tmp_path


def _tag(context: Path, **changes: Any) -> str:
    built = BuildContext(context, context / "Dockerfile")
    return content_tag(built, **{"build_args": {"A": "1"}, "platforms": ["linux/arm64"], **changes})


def _touch_content(context: Path) -> None:
    (context / "src" / "page.js").write_text("another page\n")


def _rename(context: Path) -> None:
    (context / "src" / "page.js").rename(context / "src" / "pages.js")


def _change_dockerfile(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nUSER 1000\n")


def _make_executable(context: Path) -> None:
    (context / "server.js").chmod(0o755)


def _add_what_is_kept(context: Path) -> None:
    (context / "src" / "keep.log").write_text("kept\n")


def _add_what_only_a_comment_names(context: Path) -> None:
    (context / "#notes").write_text("notes\n")


def _link_elsewhere(context: Path) -> None:
    (context / "server.js").unlink()
    (context / "server.js").symlink_to("src/page.js")


@pytest.mark.parametrize(
    "change",
    [
        _touch_content,
        _rename,
        _change_dockerfile,
        _make_executable,
        _add_what_is_kept,
        _add_what_only_a_comment_names,
        _link_elsewhere,
    ],
)
def test_what_changes_the_image_changes_the_tag(context: Path, change: Callable[[Path], None]) -> None:
    """Else an immutable repository refuses the push, or, worse, the old image is deployed."""
    before = _tag(context)

    change(context)

    assert _tag(context) != before


@pytest.mark.parametrize(
    "changes",
    [
        {"build_args": {"A": "2"}},
        {"build_args": {}},
        {"platforms": ["linux/amd64"]},
        {"target": "debug"},
        {"secrets": ["npm"]},
    ],
)
def test_how_it_is_built_changes_the_tag(context: Path, changes: dict[str, Any]) -> None:
    assert _tag(context, **changes) != _tag(context)


def _add_what_is_ignored(context: Path) -> None:
    (context / "test").mkdir()
    (context / "test" / "server.test.js").write_text("test\n")
    (context / "src" / "debug.log").write_text("noise\n")


def _write_again(context: Path) -> None:
    (context / "server.js").write_text("listen()\n")


def _another_umask(context: Path) -> None:
    (context / "server.js").chmod(0o600)
    (context / "src").chmod(0o700)


def _empty_folder(context: Path) -> None:
    (context / "empty").mkdir()


@pytest.mark.parametrize("change", [_add_what_is_ignored, _write_again, _another_umask, _empty_folder])
def test_what_does_not_change_the_image_leaves_the_tag_alone(
    context: Path,
    change: Callable[[Path], None],
) -> None:
    """Else every machine would deploy a version of its own of the same commit."""
    before = _tag(context)

    change(context)

    assert _tag(context) == before


def test_the_order_of_build_arguments_makes_no_difference(context: Path) -> None:
    assert _tag(context, build_args={"A": "1", "B": "2"}) == _tag(context, build_args={"B": "2", "A": "1"})


def test_a_tag_is_one_that_registries_take(context: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", _tag(context))
