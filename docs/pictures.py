# ruff: noqa: INP001 - a folder of documents, not a package
"""Makes the pictures of what a person sees again: `make pictures`.

A copy of the project is brought up as dev ships, and taken down again. `docs/images` gets the app's page, the
page of the local AWS, and the comment that a pull request gets, drawn as GitHub does. CloudWatch's dashboard
is not among them: only AWS draws it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any, Final

from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from docs.browser import NoBrowserError, browser
from local import ports
from tests.integration.project import DOMAIN, Project, taken_down

IMAGES: Final = Path(__file__).resolve().parent / "images"
MOST_BYTES: Final = 250_000
_PORTS: Final = {"emulator_port": 4566, "front_door_port": 8080}
"""Those that a reader has, if they are free."""
_WIDTH: Final = 1265
_PATHS: Final = ("/", "/?from=the-front-page", "/nothing-here", "/")
_CHANGES: Final = {"desired_count": 2, "memory": 1024}
"""What the pull request of the picture changes of dev."""
_STYLE: Final = IMAGES.parents[1] / ".ci" / "browser" / "github.css"


def main() -> None:
    """Make all pictures anew."""
    # A folder's name is in nothing that is shown.
    with (
        tempfile.TemporaryDirectory(prefix="pictures-") as folder,
        taken_down(_copy(Path(folder))) as project,
    ):
        project.up()
        for path in _PATHS:
            project.get(DOMAIN, path)
        project.configure(**_CHANGES)
        comment = Path(folder) / "comment.md"
        project.done("preview", "dev", "--comment", str(comment))
        with browser() as chromium:
            address = f"http://{DOMAIN}.localhost:{project.front_door_port}/"
            _take(chromium, address, "page.png", height=900)
            page = f"http://localhost:{project.front_door_port}/"
            _take(chromium, page, "local-aws.png", height=780, wait_for="#live")
            _take(chromium, comment_page(comment.read_text("utf-8")), "pull-request-comment.png", width=1040)


def comment_page(markdown: str) -> str:
    """Return a comment as GitHub shows it, with what is folded unfolded."""
    parser = MarkdownIt("commonmark", {"html": True, "highlight": _highlighted}).enable("table")
    text = re.sub("<details>", "<details open>", parser.render(markdown))
    head = "<header><b>github-actions</b> <i>bot</i> commented now</header>"
    style = (
        f"<!doctype html><meta charset=utf-8><title>Comment</title><style>{_STYLE.read_text('utf-8')}</style>"
    )
    return f"{style}<article>{head}<section>{text}</section></article>"


def _highlighted(code: str, language: str, _: object) -> str:
    if language != "diff":
        return escape(code)
    return str(highlight(code, get_lexer_by_name("diff"), HtmlFormatter(nowrap=True)))


def _copy(folder: Path) -> Project:
    project = Project.copy_to(folder)
    for field, port in _PORTS.items():
        try:
            with ports.listen(server=field, default=port, variable="", chosen=port):
                pass
        except ports.PortError:
            print(f"port {port} is in use: the picture shows another one", file=sys.stderr)
        else:
            setattr(project, field, port)
    return project


def _take(
    chromium: Any, source: str, name: str, *, width: int = _WIDTH, height: int = 0, wait_for: str = ""
) -> None:
    """Take a picture of an address or of HTML, of the whole page without a height."""
    size = {"width": width, "height": height or 400}
    context = chromium.new_context(viewport=size, color_scheme="light", locale="en-GB", timezone_id="UTC")
    tab = context.new_page()
    if source.startswith("http"):
        tab.goto(source)
    else:
        tab.set_content(source)
    if wait_for:
        tab.locator(wait_for).wait_for()
    file = IMAGES / name
    tab.screenshot(path=str(file), full_page=not height)
    context.close()
    print(f"{file.relative_to(IMAGES.parent.parent)}  {file.stat().st_size / 1000:.0f} kB")
    if file.stat().st_size > MOST_BYTES:
        sys.exit(f"error: {name} is larger than {MOST_BYTES / 1000:.0f} kB")


if __name__ == "__main__":
    try:
        main()
    except NoBrowserError as error:
        sys.exit(f"error: {error}")
