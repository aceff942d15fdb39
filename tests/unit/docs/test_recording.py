"""The recording of `make up`: what is cut, how it is drawn, and the picture that is there."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from docs import recording
from docs.recording import PICTURE, Frame, Run, drawn, refuse_what_is_of_this_machine, runs, shortened, typed

PAGE = b"a PNG"
SHOWN = [
    Frame(0.0, ((Run(0, "$", "#3fb950"),), ())),
    Frame(2.5, ((Run(0, "$", "#3fb950"),), (Run(0, "a <b> & c", "#e6edf3", bold=True),))),
]


def cells(text: str, fg: str = "default", *, bold: bool = False) -> list[Any]:
    return [SimpleNamespace(data=character, fg=fg, bold=bold) for character in text]


def test_long_pauses_are_shortened() -> None:
    assert shortened([(1.0, "a"), (9.0, "b"), (9.5, "c")]) == [(1.0, "a"), (2.0, "b"), (2.5, "c")]


def test_a_long_recording_is_sped_up() -> None:
    events = [(number / 2, "x") for number in range(200)]

    assert shortened(events)[-1][0] == pytest.approx(recording.LONGEST_SECONDS)


def test_the_command_is_typed_before_its_output() -> None:
    events = typed([(0.5, "output")])

    assert "".join(text for _, text in events) == "\x1b[32m$\x1b[0m make up\r\noutput"
    assert [at for at, _ in events] == sorted(at for at, _ in events)


def test_adjacent_cells_of_one_style_are_merged() -> None:
    line = [
        *cells("two words    "),
        *cells("red", "red"),
        *cells("bold", "red", bold=True),
        *cells("hex", "00ff00"),
    ]

    assert runs(line) == (
        Run(0, "two words", "#e6edf3"),
        Run(13, "red", "#ff7b72"),
        Run(16, "bold", "#ff7b72", bold=True),
        Run(20, "hex", "#00ff00"),
    )


def test_the_picture_shows_each_frame_from_its_time_on_and_then_the_page() -> None:
    text = drawn(SHOWN, page=PAGE, address="http://dev.localhost:8080", caption="make up")
    times = re.findall(
        r"([\d.]+)%\{transform", text.partition("@keyframes play")[2].partition("@keyframes")[0]
    )

    ET.fromstring(text)  # noqa: S314 - our own
    # 2.5 s, 3 s of the last frame and 4 s of the page.
    assert [float(one) for one in times] == pytest.approx([0, 26.32, 57.89, 100], abs=0.01)
    assert "data:image/png;base64,YSBQTkc=" in text
    assert "a &lt;b&gt; &amp; c" in text


def test_unchanged_lines_are_drawn_once() -> None:
    text = drawn(SHOWN, page=PAGE, address="", caption="")

    assert len(re.findall(r'<g id="l\d+">', text)) == 2
    assert text.count('href="#l0"') == 2


@pytest.mark.parametrize("text", ["in {home}/project", "at {home}"])
def test_a_recording_shows_nothing_of_the_machine(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "alice"))

    with pytest.raises(SystemExit, match="record in another place"):
        refuse_what_is_of_this_machine(text.format(home=tmp_path / "alice"))
    refuse_what_is_of_this_machine("web  http://dev.example.com.localhost:8080")


def test_the_recording_fits_into_readme() -> None:
    text = PICTURE.read_text("utf-8")
    (seconds,) = re.findall(r"\.play\{animation:play ([\d.]+)s", text)

    ET.fromstring(text)  # noqa: S314 - our own
    assert len(text) < 300_000
    assert float(seconds) < 25
    assert re.search(r"http://dev\.example\.com\.localhost:\d+", text)
