"""How `outputs`, `cancel` and `check` end, and what they print where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.operations.status import ServiceStatus
from automation.stacks import asking
from automation.stacks.asking import cancel, check, outputs
from tests.unit.automation.operations.places import OUTPUTS, place
from tests.unit.infra.rollout.aws import Aws


@dataclass
class Stacks:
    """One stack with a secret."""

    told: Mapping[str, Any] = field(
        default_factory=lambda: {"url": "https://dev.example.com", "key": "[secret]", "ports": [80, 443]}
    )
    freed: list[str] = field(default_factory=list)

    def shown_outputs(self, stack: str) -> Mapping[str, Any]:
        return self.told

    def outputs(self, stack: str) -> Mapping[str, Any]:
        raise AssertionError("these hold secrets")

    def cancel(self, stack: str) -> None:
        self.freed.append(stack)

    def address(self, url: str) -> str:
        return f"{url}/here"


def call(command: Any, *arguments: str, stacks: Stacks | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=stacks or Stacks(), standalone_mode=False)


def test_all_outputs_are_lines_and_what_is_secret_stays_so() -> None:
    assert call(outputs, "dev").stdout.splitlines() == [
        "key    [secret]",
        "ports  [80, 443]",
        "url    https://dev.example.com",
    ]


def test_for_programs_all_outputs_are_one_document() -> None:
    assert json.loads(call(outputs, "dev", "--json").stdout)["ports"] == [80, 443]


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("url",), "https://dev.example.com\n"),
        (("url", "--json"), '"https://dev.example.com"\n'),
        (("ports",), "[80, 443]\n"),
        (("key",), "[secret]\n"),
    ],
)
def test_one_output_is_printed_alone(arguments: tuple[str, ...], printed: str) -> None:
    """As shells take it."""
    assert call(outputs, "dev", *arguments).stdout == printed


def test_an_output_that_is_not_there_names_those_that_are() -> None:
    error = call(outputs, "dev", "URL").exception

    assert str(error) == "dev has no output 'URL'; it has key, ports, url"


def test_a_stack_without_outputs_never_came_up() -> None:
    error = call(outputs, "dev", "url", stacks=Stacks(told={})).exception

    assert str(error) == "dev has no output 'url'; it has none: it never came up"


def test_nobody_loses_a_lock_without_being_asked() -> None:
    stacks = Stacks()

    result = call(cancel, "dev", stacks=stacks)

    assert isinstance(result.exception, click.UsageError)
    assert "say --yes if no update is under way" in str(result.exception)
    assert stacks.freed == []


def test_whoever_says_so_frees_a_stack() -> None:
    stacks = Stacks()

    result = call(cancel, "dev", "--yes", stacks=stacks)

    assert (result.exception, stacks.freed) == (None, ["dev"])
    assert "`python -m automation up dev` goes on" in result.stderr


@pytest.mark.parametrize(("answer", "freed"), [("y\n", ["dev"]), ("n\n", [])])
def test_at_a_terminal_it_asks(answer: str, freed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    stacks = Stacks()

    CliRunner().invoke(cancel, ["dev"], obj=stacks, input=answer, standalone_mode=False)

    assert stacks.freed == freed


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, int | None]:
    """What each address answers, of a stack in which web-alice sleeps."""
    told: dict[str, int | None] = {}
    statuses = [
        ServiceStatus(name="web", address="", state="steady", desired=1),
        ServiceStatus(name="web-alice", address="", state="steady", desired=0),
    ]
    monkeypatch.setattr(asking, "locate", lambda *_: SimpleNamespace(place=place(Aws())))
    monkeypatch.setattr(asking, "status_of", lambda _: statuses)
    monkeypatch.setattr(asking, "answer_of", lambda url: told[url])
    return told


def test_who_sleeps_is_not_asked_and_is_named(answers: dict[str, int | None]) -> None:
    url = f"{OUTPUTS['urls']['web']}/here"
    answers[url] = 200

    result = call(check, "dev")

    assert result.exception is None
    assert result.stdout == f"web answers at {url}\n"
    assert result.stderr == "web-alice is to have no tasks, and was not asked\n"


def test_who_does_not_answer_fails_the_check(answers: dict[str, int | None]) -> None:
    url = f"{OUTPUTS['urls']['web']}/here"
    answers[url] = 502

    result = call(check, "dev", "--within-seconds", "0")

    assert isinstance(result.exception, AutomationError)
    assert f"web at {url} with 502" in str(result.exception)
