"""The website of the documents: what it is made of, before Zensical builds it in `make lint`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docs import website
from docs.website import WebsiteError, copy, navigation, pages
from tests.unit.infra.settings_fixtures import PROJECT_ROOT

REPOSITORY = "https://github.com/example-org/shop"
README = "# Shop\n\n[Guide](docs/guide.md#first) ![Page](docs/images/page.png) [Code](infra/) [Stack](docs/examples/a.yaml)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two documents, a picture, an example and code."""
    root = tmp_path / "shop"
    for folder in ("docs/images", "docs/assets", "docs/examples", "infra"):
        (root / folder).mkdir(parents=True)
    (root / "README.md").write_text(README)
    (root / "docs/guide.md").write_text(
        "# Guide\n\n## First\n\n[Home](../README.md)\n\n```md\n[no](link.md)\n```\n"
    )
    (root / "docs/images/page.png").write_bytes(b"png")
    (root / "docs/examples/a.yaml").write_text("# Two tasks,\n# and no more.\nconfig:\n  a: 1\n")
    (root / "docs/zensical.toml").write_text(
        '[project]\nnav = ["index.md", { "More" = ["guide.md", "examples/index.md"] }]\n'
    )
    return root


def test_the_navigation_contains_every_page_once() -> None:
    needed = {page for page in pages().values() if not page.startswith("examples/")}
    named = navigation()

    assert sorted(named) == sorted({*needed, "examples/index.md"})


def test_every_link_between_files_has_a_target(tmp_path: Path) -> None:
    """Zensical checks the anchors; it does not look at files that are no pages."""
    copy(PROJECT_ROOT, tmp_path / "pages", REPOSITORY)

    assert (tmp_path / "pages" / "index.md").exists()


def test_readme_is_the_home_page_and_links_to_pages(project: Path, tmp_path: Path) -> None:
    copy(project, tmp_path / "pages", REPOSITORY)

    assert (tmp_path / "pages" / "index.md").read_text() == (
        "# Shop\n\n[Guide](guide.md#first) ![Page](images/page.png) "
        f"[Code]({REPOSITORY}/tree/main/infra) [Stack](examples/a.md)\n"
    )


def test_code_blocks_are_unchanged(project: Path, tmp_path: Path) -> None:
    copy(project, tmp_path / "pages", REPOSITORY)

    assert "[Home](index.md)\n\n```md\n[no](link.md)\n```" in (tmp_path / "pages" / "guide.md").read_text()


def test_without_a_repository_a_link_to_code_is_text(project: Path, tmp_path: Path) -> None:
    copy(project, tmp_path / "pages", "")

    assert " Code [Stack]" in (tmp_path / "pages" / "index.md").read_text()


def test_a_stack_file_is_a_page_that_begins_with_its_comment(project: Path, tmp_path: Path) -> None:
    copy(project, tmp_path / "pages", REPOSITORY)

    page = (tmp_path / "pages" / "examples" / "a.md").read_text()
    assert page == "# a.yaml\n\nTwo tasks, and no more.\n\n```yaml\nconfig:\n  a: 1\n```\n"
    assert "| [a](a.md) | Two tasks, and no more. |" in (tmp_path / "pages/examples/index.md").read_text()


def test_a_page_missing_from_the_navigation_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "docs" / "new.md").write_text("# New\n")

    with pytest.raises(WebsiteError, match=r"docs/zensical.toml: the navigation lacks new.md"):
        copy(project, tmp_path / "pages", REPOSITORY)


def test_a_missing_page_in_the_navigation_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "docs" / "guide.md").unlink()

    with pytest.raises(WebsiteError, match=r"names guide.md, which does not exist"):
        copy(project, tmp_path / "pages", REPOSITORY)


def test_a_broken_link_is_refused_with_its_document(project: Path, tmp_path: Path) -> None:
    shutil.rmtree(project / "infra")

    with pytest.raises(WebsiteError, match=r"README.md: the link to infra/ leads to no file"):
        copy(project, tmp_path / "pages", REPOSITORY)


def test_unknown_commands_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert website.main(["publish"]) == 2
    assert "check, build, serve" in capsys.readouterr().err


def test_pages_load_nothing_from_other_hosts() -> None:
    """No font, no script and no picture of others."""
    config = (PROJECT_ROOT / website.CONFIG).read_text()
    assets = "".join(path.read_text() for path in (PROJECT_ROOT / "docs" / "assets").iterdir())

    assert "\nfont = false\n" in config
    assert "://" not in config + assets
