# ruff: noqa: INP001 - a folder of documents, not a package
"""Records `make up` in a terminal and draws it as an animated SVG: `make recording`.

A clean clone of the project is brought up and taken down again. The recording,
`.build/make-up.cast`, is an asciicast (https://docs.asciinema.org/manual/asciicast/v2/).
`--from` draws one again without a run.

The picture is `docs/images/make-up.svg`. It ends with what a browser shows at the first address.
"""

from __future__ import annotations

import argparse
import base64
import codecs
import fcntl
import json
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
CAST: Final = ROOT / ".build" / "make-up.cast"
PICTURE: Final = ROOT / "docs" / "images" / "make-up.svg"
COLUMNS: Final = 112
ROWS: Final = 28

LONGEST_PAUSE_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 15.0
"""Of the run; how long it really took stands below it."""
_FRAME_SECONDS: Final = 0.25
_END_SECONDS: Final = 3.0
_PAGE_SECONDS: Final = 4.0
_TYPED: Final = "make up"

_CELL: Final = (7.8, 17)
_FONT_PIXELS: Final = 13
_FONTS: Final = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace'
_DOTS: Final = "".join(f'<circle cx="{x}" cy="17" r="6" fill="#30363d"/>' for x in (20, 40, 60))
_PADDING: Final = 16
_TITLE: Final = 34
_BACKGROUND: Final = "#0d1117"
_TEXT: Final = "#e6edf3"
_COLOURS: Final = {
    "black": "#484f58", "red": "#ff7b72", "green": "#3fb950", "brown": "#d29922", "blue": "#58a6ff",
    "magenta": "#bc8cff", "cyan": "#39c5cf", "white": "#b1bac4",
    "brightblack": "#8b949e", "brightred": "#ffa198", "brightgreen": "#56d364", "brightbrown": "#e3b341",
    "brightblue": "#79c0ff", "brightmagenta": "#d2a8ff", "brightcyan": "#56d4dd", "brightwhite": "#ffffff",
    # Those of xterm's 256 that Pulumi takes.
    "00cd00": "#3fb950", "5c5cff": "#58a6ff", "ff00ff": "#bc8cff", "cd0000": "#ff7b72", "cdcd00": "#d29922",
}  # fmt: skip
"""By pyte's names, in which yellow is brown; others are hexadecimal."""

Event = tuple[float, str]
"""Seconds since the beginning, and what came."""


@dataclass(frozen=True)
class Run:
    """A piece of a line in one style."""

    column: int
    text: str
    colour: str
    bold: bool = False


Line = tuple[Run, ...]


@dataclass(frozen=True)
class Frame:
    """What the terminal shows from a time on."""

    at: float
    lines: tuple[Line, ...]


# Recording


def record(folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> list[Event]:
    """Run a command in a terminal, and return what it printed when.

    Raises:
        SystemExit: it failed; the message ends with its last lines.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, environment)  # noqa: S606 -- no shell is needed
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    events: list[Event] = []
    began = time.monotonic()
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            # That is how Linux tells the end of a terminal.
            piece = b""
        if not piece:
            break
        events.append((time.monotonic() - began, decode(piece)))
    _, status = os.waitpid(child, 0)
    if status:
        end = "".join(text for _, text in events)[-2000:]
        sys.exit(f"`{' '.join(command)}` failed:\n{end}")
    return events


def typed(events: Iterable[Event]) -> list[Event]:
    """Put a prompt and the typed command before the recorded output."""
    keys = [(0.4 + 0.07 * number, key) for number, key in enumerate(_TYPED)]
    start = keys[-1][0] + 0.4
    return [(0.0, "\x1b[32m$\x1b[0m "), *keys, (start, "\r\n"), *((start + at, text) for at, text in events)]


def shortened(events: Sequence[Event]) -> list[Event]:
    """Cut pauses, and if that is not enough show all of it quicker."""
    found: list[Event] = []
    now = last = 0.0
    for at, text in events:
        now += min(at - last, LONGEST_PAUSE_SECONDS)
        last = at
        found.append((now, text))
    quicker = min(1.0, LONGEST_SECONDS / now) if now else 1.0
    return [(at * quicker, text) for at, text in found]


def refuse_what_is_of_this_machine(text: str) -> None:
    """Leave if a recording shows where and on which machine it was made.

    Raises:
        SystemExit: it does.
    """
    own = (str(Path.home()), str(ROOT), tempfile.gettempdir(), socket.gethostname())
    if found := [word for word in own if re.search(rf"(?<![\w/-]){re.escape(word)}(?![\w-])", text)]:
        sys.exit(f"the recording shows {', '.join(found)}: record in another place")


# Drawing


def frames(events: Sequence[Event]) -> Iterator[Frame]:
    """Yield what the terminal shows, a few times in a second, each different from the one before."""
    import pyte

    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    before: tuple[Line, ...] | None = None
    for number, (at, text) in enumerate(events):
        stream.feed(text)
        following = events[number + 1][0] if number + 1 < len(events) else float("inf")
        if following // _FRAME_SECONDS == at // _FRAME_SECONDS:
            continue
        lines = tuple(runs([screen.buffer[row][column] for column in range(COLUMNS)]) for row in range(ROWS))
        if lines != before:
            before = lines
            yield Frame(at, lines)


def runs(cells: Sequence[Any]) -> Line:
    """Join the cells of a line that have one style; blank ones are left out."""
    found: list[Run] = []
    for column, cell in enumerate(cells):
        if not cell.data.strip():
            continue
        colour = _COLOURS.get(cell.fg, _TEXT if cell.fg == "default" else f"#{cell.fg}")
        last = found[-1] if found else None
        # A blank between two words is a part of both.
        gap = column - last.column - len(last.text) if last else -1
        if last and (last.colour, last.bold) == (colour, cell.bold) and 0 <= gap <= 1:
            found[-1] = Run(last.column, f"{last.text}{' ' * gap}{cell.data}", colour, cell.bold)
        else:
            found.append(Run(column, cell.data, colour, cell.bold))
    return tuple(found)


def drawn(shown: Sequence[Frame], *, page: bytes, address: str, caption: str) -> str:
    """Return the animated picture of frames, and of a page at an address after them.

    Args:
        shown: the frames.
        page: a PNG of the page.
        address: what a browser would have in its bar.
        caption: what stands in the title of the terminal.
    """
    width = round(COLUMNS * _CELL[0]) + 2 * _PADDING
    height = ROWS * _CELL[1] + 2 * _PADDING
    numbers: dict[Line, int] = {}
    strip: list[str] = []
    for place, frame in enumerate(shown):
        rows: list[str] = []
        for row, line in enumerate(frame.lines):
            if line:
                number = numbers.setdefault(line, len(numbers))
                rows.append(f'<use href="#l{number}" y="{row * _CELL[1] + _FONT_PIXELS}"/>')
        strip.append(f'<g transform="translate(0 {place * height})">{"".join(rows)}</g>')
    picture = base64.b64encode(page).decode()
    last = len(shown) * height
    strip.append(
        f'<image x="{-_PADDING}" y="{last - _PADDING}" width="{width}" height="{height}" '
        f'preserveAspectRatio="xMidYMin slice" href="data:image/png;base64,{picture}"/>'
    )
    end = shown[-1].at + _END_SECONDS
    total = end + _PAGE_SECONDS
    times = [*(frame.at for frame in shown), end]
    keys = "".join(
        f"{at / total * 100:.2f}%{{transform:translateY({-place * height}px)}}"
        for place, at in enumerate(times)
    )
    turn = f"{end / total * 100:.2f}%"
    lines = "".join(f'<g id="l{number}">{_text(line)}</g>' for line, number in numbers.items())
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height + _TITLE}" \
viewBox="0 0 {width} {height + _TITLE}" role="img" aria-labelledby="what">
<title id="what">{escape(caption)}; then a browser shows the page of the app at {escape(address)}</title>
<style>
text{{font:{_FONT_PIXELS}px {_FONTS};white-space:pre}}
.b{{font-weight:bold}}
.title{{font-size:13px;fill:#8b949e;text-anchor:middle}}
.play{{animation:play {total:.2f}s steps(1,end) infinite}}
.run{{animation:run {total:.2f}s steps(1,end) infinite}}
.page{{animation:page {total:.2f}s steps(1,end) infinite;visibility:hidden}}
@keyframes play{{{keys}100%{{transform:translateY({-last}px)}}}}
@keyframes run{{0%{{visibility:visible}}{turn}{{visibility:hidden}}100%{{visibility:hidden}}}}
@keyframes page{{0%{{visibility:hidden}}{turn}{{visibility:visible}}100%{{visibility:visible}}}}
@media (prefers-reduced-motion:reduce){{.play,.run,.page{{animation:none}}\
.play{{transform:translateY({-(len(shown) - 1) * height}px)}}}}
</style>
<defs><clipPath id="w"><rect x="{-_PADDING}" y="{-_PADDING}" width="{width}" height="{height}"/></clipPath>
{lines}</defs>
<rect width="{width}" height="{height + _TITLE}" rx="8" fill="{_BACKGROUND}"/>
{_DOTS}
<text class="title run" x="{width / 2:g}" y="22">{escape(caption)}</text>
<text class="title page" x="{width / 2:g}" y="22">{escape(address)}</text>
<g transform="translate({_PADDING} {_TITLE + _PADDING})" clip-path="url(#w)" fill="{_TEXT}"><g class="play">
{"".join(strip)}
</g></g>
</svg>
"""


def _text(line: Line) -> str:
    """Return a line as text in a grid, whatever font there is."""
    found: list[str] = []
    for run in line:
        x, width = run.column * _CELL[0], len(run.text) * _CELL[0]
        fill = "" if run.colour == _TEXT else f' fill="{run.colour}"'
        bold = ' class="b"' if run.bold else ""
        text = escape(run.text, quote=False)
        found.append(f'<text x="{x:g}" textLength="{width:g}"{fill}{bold}>{text}</text>')
    return "".join(found)


def screenshot(address: str, *, width: int, height: int) -> bytes:
    """Return a PNG of what a browser shows at an address.

    Raises:
        SystemExit: there is no browser, and none can be had.
    """
    from docs.browser import NoBrowserError, browser

    try:
        with browser() as chromium:
            page = chromium.new_page(viewport={"width": width, "height": height})
            page.goto(address)
            return page.screenshot()
    except NoBrowserError as error:
        sys.exit(f"the recording ends with a page: {error}")


# The command


def _make(cast: Path) -> None:
    """Bring a clone up, record that and its page, and take it down."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "node-on-ecs")
        subprocess.run(("git", "clone", "--quiet", str(ROOT), str(clone)), check=True)
        (clone / ".venv").symlink_to((ROOT / ".venv").resolve())
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
        try:
            # Its .venv is this one, which is ready.
            events = record(clone, ("make", "--no-print-directory", "-o", "venv", "up"), environment)
            text = "".join(text for _, text in events)
            refuse_what_is_of_this_machine(text)
            address = _address(text)
            width, height = round(COLUMNS * _CELL[0]) + 2 * _PADDING, ROWS * _CELL[1] + 2 * _PADDING
            page = screenshot(address, width=width, height=height)
        finally:
            down = (".venv/bin/python", "-m", "automation", "--local", "down")
            subprocess.run(down, cwd=clone, check=True, capture_output=True)
    cast.parent.mkdir(exist_ok=True)
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": f"make up: {address}"}
    lines = [json.dumps(header), *(json.dumps([round(at, 3), "o", text]) for at, text in events)]
    cast.write_text("\n".join([*lines, ""]), "utf-8")
    cast.with_suffix(".png").write_bytes(page)


def _address(text: str) -> str:
    found = re.search(r"http://\S+?\.localhost:\d+", text)
    if found is None:
        sys.exit("`make up` printed no address")
    return found[0]


def main() -> None:
    """Record and draw, or only draw."""
    parser = argparse.ArgumentParser(prog="python -m docs.recording", description=__doc__)
    parser.add_argument(
        "--from", dest="cast", type=Path, metavar="CAST", help="draw what was recorded before"
    )
    chosen = parser.parse_args()
    cast = chosen.cast or CAST
    if chosen.cast is None:
        _make(cast)
    header, *lines = cast.read_text("utf-8").splitlines()
    events: list[Event] = [(float(at), str(text)) for at, _, text in map(json.loads, lines)]
    address = _address("".join(text for _, text in events))
    took = events[-1][0]
    picture = drawn(
        [*frames(shortened(typed(events)))],
        page=cast.with_suffix(".png").read_bytes(),
        address=address,
        caption=f"make up, in {took:.0f} seconds",
    )
    PICTURE.write_text(picture, "utf-8")
    print(f"{PICTURE.relative_to(ROOT)}: {len(picture) // 1024} kB of {json.loads(header)['title']}")


if __name__ == "__main__":
    main()
