"""The time from a change of the app until a response has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.change.__main__ import change_packages, change_source, image_version

VERSION = "0123456789abcdef"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "page.css").write_text("body {}\n")
    (tmp_path / "package.json").write_text('{"name": "web", "version": "1.0.0"}')
    return tmp_path


def test_change_source_waits_until_the_page_has_the_change(app: Path) -> None:
    style = app / "src" / "page.css"
    pages = iter(["before", "before"])

    seconds = change_source(app, lambda: next(pages, style.read_text()), "change 1")

    assert style.read_text() == "body {}\n/* change 1 */\n"
    assert seconds > 0


def test_change_packages_waits_until_another_image_answers(app: Path) -> None:
    pages = iter([f"version {VERSION}", f"version {VERSION}", "no task", f"version {VERSION[::-1]}"])

    change_packages(app, lambda: next(pages), "2.0.0")

    assert json.loads((app / "package.json").read_text())["version"] == "2.0.0"
    assert next(pages, None) is None


@pytest.mark.parametrize(("page", "version"), [(f"<b>{VERSION}</b>", VERSION), ("none", ""), ("0" * 20, "")])
def test_image_version_is_read_from_the_page(page: str, version: str) -> None:
    assert image_version(page) == version
