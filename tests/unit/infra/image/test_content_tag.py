"""The content tag, which identifies a build by its inputs."""

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
    (tmp_path / "main.js").symlink_to("server.js")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "page.js").write_text("page\n")
    (tmp_path / ".dockerignore").write_text("#notes\n\ntest\n**/*.log\n!src/keep.log\n")
    return tmp_path


def _tag(context: Path, **changes: Any) -> str:
    built = BuildContext(context, context / "Dockerfile")
    return content_tag(built, **{"build_args": {"A": "1"}, "platforms": ["linux/arm64"], **changes})


def _change_a_link(context: Path) -> None:
    (context / "main.js").unlink()
    (context / "main.js").symlink_to("src/page.js")


def _add_ignored_files(context: Path) -> None:
    (context / "test").mkdir()
    (context / "test" / "server.test.js").write_text("test\n")
    (context / "src" / "debug.log").write_text("noise\n")


def _change_the_umask(context: Path) -> None:
    (context / "server.js").chmod(0o600)
    (context / "src").chmod(0o700)


CHANGES: dict[str, Callable[[Path], object]] = {
    "other content": lambda context: (context / "src" / "page.js").write_text("another page\n"),
    "another name": lambda context: (context / "src" / "page.js").rename(context / "src" / "pages.js"),
    "another Dockerfile": lambda context: (context / "Dockerfile").write_text("FROM scratch\nUSER 1000\n"),
    "executable": lambda context: (context / "server.js").chmod(0o755),
    "a file that is not ignored": lambda context: (context / "src" / "keep.log").write_text("kept\n"),
    "a file in a comment of the ignore file": lambda context: (context / "#notes").write_text("notes\n"),
    "target of a link": _change_a_link,
}
NO_CHANGES: dict[str, Callable[[Path], object]] = {
    "ignored files": _add_ignored_files,
    "a rewritten file": lambda context: (context / "server.js").write_text("listen()\n"),
    "another umask": _change_the_umask,
    "an empty folder": lambda context: (context / "empty").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes_of_the_image_change_the_tag(context: Path, change: Callable[[Path], object]) -> None:
    """Otherwise an immutable repository rejects the push, or the old image is deployed."""
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
def test_build_options_change_the_tag(context: Path, changes: dict[str, Any]) -> None:
    assert _tag(context, **changes) != _tag(context)


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES)
def test_changes_without_effect_on_the_image_do_not_change_the_tag(
    context: Path, change: Callable[[Path], object]
) -> None:
    """Otherwise the same commit would be another version on each machine."""
    before = _tag(context)

    change(context)

    assert _tag(context) == before


def test_order_of_build_arguments_does_not_change_the_tag(context: Path) -> None:
    assert _tag(context, build_args={"A": "1", "B": "2"}) == _tag(context, build_args={"B": "2", "A": "1"})


def test_tag_is_valid_in_registries(context: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", _tag(context))
