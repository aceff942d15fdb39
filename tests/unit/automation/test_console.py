"""Colours and line lengths on a terminal and in a file."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from automation.cli import cli
from automation.console import Number, colour, folded, to_type, width_of

ROOT = Path(__file__).parents[3]
SENTENCE = (
    "warning: prod may take 12 Fargate vCPUs at once, at its most tasks in the middle of a deployment, and a "
    "new account allows 6: run `python -m automation cost prod` for what takes them"
)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, None),
        ({"FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_follow_the_variables_or_the_terminal(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, expected: bool | None
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert colour() is expected


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_long_line_is_broken_between_words_and_indented(width: int) -> None:
    lines = folded(f"    {SENTENCE}", width).splitlines()

    assert len(lines) > 1
    assert max(map(len, lines)) <= width
    assert [line for line in lines[1:] if not line.startswith("      ")] == []
    assert " ".join(" ".join(lines).split()) == SENTENCE


@pytest.mark.parametrize("width", range(41, 120, 7))
def test_a_command_in_backticks_is_not_broken(width: int) -> None:
    assert "`python -m automation cost prod`" in folded(SENTENCE, width)


def test_an_address_is_not_broken() -> None:
    address = f"https://{'a' * 80}.example.com"

    assert address in folded(f"web  {address} answers 200", 60)


def test_a_word_longer_than_the_line_is_indented_as_the_line_is() -> None:
    address = f"https://{'a' * 80}.example.com"

    assert folded(f"     {address} answers 200", 60) == f"     {address}\n       answers 200"


def test_lines_in_a_file_are_not_broken() -> None:
    assert width_of(io.StringIO()) is None
    assert folded(SENTENCE, None) == SENTENCE


def on_terminal(columns: int, *arguments: str, **variables: str) -> str:
    """Return the output of a command on a terminal."""
    terminal, child = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "automation", *arguments],
            cwd=ROOT,
            env={"HOME": "/nonexistent", "PATH": os.environ["PATH"], "COLUMNS": str(columns), **variables},
            stdin=child,
            stdout=child,
            stderr=child,
            check=False,
        )
    finally:
        os.close(child)
    parts: list[bytes] = []
    try:
        while part := os.read(terminal, 65536):
            parts.append(part)
    except OSError:
        # Linux reports the end so.
        pass
    os.close(terminal)
    return b"".join(parts).decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_cost_of_a_stack_fits_the_terminal(columns: int) -> None:
    """It is the widest table of all commands."""
    lines = on_terminal(columns, "cost", "prod", NO_COLOR="1").splitlines()

    assert [line for line in lines if len(line) > columns] == []
    assert "\x1b" not in "".join(lines)
    assert lines[0].startswith("prod in us-east-1: $")


def test_output_on_a_terminal_has_colours() -> None:
    assert "\x1b[1m" in on_terminal(100, "cost", "dev", TERM="xterm")


@pytest.mark.parametrize(
    ("options", "expected"),
    [((), "`python -m automation up dev`"), (("--local",), "`python -m automation --local up dev`")],
)
def test_to_type_keeps_the_local_option(options: tuple[str, ...], expected: str) -> None:
    with cli.make_context("automation", [*options, "drift", "dev"]):
        assert to_type("up", "dev") == expected


@pytest.mark.parametrize("text", ["nan", "inf", "ten"])
def test_a_number_is_finite(text: str) -> None:
    """No budget would be exceeded, and no time would end."""
    with pytest.raises(click.BadParameter, match=f"'{text}' is not a number"):
        Number(min=0).convert(text, None, None)
