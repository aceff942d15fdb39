"""What a person sees while a command works, and what a log gets."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from automation.stacks.progress import shown, to_stderr


def console(*, terminal: bool) -> tuple[Console, StringIO]:
    out = StringIO()
    return Console(file=out, force_terminal=terminal, width=60), out


def test_on_a_terminal_a_line_says_what_is_under_way() -> None:
    screen, out = console(terminal=True)

    with shown("pulumi up dev", to_stderr, screen) as show:
        show("[web] created")

    assert "pulumi up dev" in out.getvalue()
    assert "[web] created" in out.getvalue(), "what looks like markup is none"


def test_a_log_has_the_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    screen, out = console(terminal=False)

    with shown("pulumi up dev", to_stderr, screen) as show:
        show("web created")

    assert (capsys.readouterr().err, out.getvalue()) == ("web created\n", "")


def test_who_takes_the_lines_gets_nothing_else() -> None:
    screen, out = console(terminal=True)
    taken: list[str] = []

    with shown("pulumi up dev", taken.append, screen) as show:
        show("web created")

    assert (taken, out.getvalue()) == (["web created"], "")
