"""How `status`, `logs`, `run` and `exec` end, and what they print where."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.operations import commands, locate
from automation.operations.commands import execute, logs, run
from automation.operations.logs import Line
from automation.operations.one_off import Ended
from automation.operations.place import Place
from automation.operations.shell import Invocation
from automation.stacks.settings import settings_of
from infra.rollout.clock import REAL
from infra.settings import Settings
from local.home import ROOT
from tests.unit.automation.operations.places import OUTPUTS
from tests.unit.infra.rollout.aws import Aws


class Stacks:
    """Dev, and a pull request's stack that is attached to staging."""

    def __init__(self) -> None:
        self.asked_for: list[str] = []
        self.entered: list[tuple[str, Sequence[str]]] = []

    def outputs(self, stack: str) -> Mapping[str, Any]:
        return OUTPUTS if stack == "dev" else {**OUTPUTS, "attached_to": "staging"}

    def settings(self, stack: str) -> Settings:
        self.asked_for.append(stack)
        return settings_of(stack, ROOT)

    def clients(self, settings: Settings) -> Aws:
        return Aws()

    def enter(self, settings: Settings, place: Place, service: str, command: Sequence[str]) -> Invocation:
        self.entered.append((service, command))
        return Invocation([sys.executable, "-c", "raise SystemExit(7)"], {})


def call(command: Any, *arguments: str, stacks: Stacks | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=stacks or Stacks(), standalone_mode=False)


def ended(monkeypatch: pytest.MonkeyPatch, code: int | None) -> list[tuple[str, Sequence[str]]]:
    """Let a command that runs once end at once."""
    asked: list[tuple[str, Sequence[str]]] = []

    def run_once(_: Place, service: str, command: Sequence[str], *, show: Any, say: Any) -> Ended:
        asked.append((service, command))
        show(Line(id="1", at=REAL.date(), service=service, task="1", message="from the container"))
        say("what happens")
        return Ended(task_definition="web:7", exit_code=code, reason="Essential container exited")

    monkeypatch.setattr(commands, "run_once", run_once)
    return asked


def test_only_what_the_container_logs_is_on_the_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ended(monkeypatch, 0)

    result = call(run, "dev", "--", "node", "-e", "1", "--flag")

    assert asked == [("web", ("node", "-e", "1", "--flag"))]
    assert (result.return_value, result.stdout, result.stderr) == (
        0,
        "from the container\n",
        "what happens\n",
    )


@pytest.mark.parametrize(("code", "words"), [(3, "with exit code 3"), (None, "without an exit code")])
def test_a_command_that_fails_ends_with_1_and_names_the_code(
    monkeypatch: pytest.MonkeyPatch, code: int | None, words: str
) -> None:
    ended(monkeypatch, code)

    result = call(run, "dev", "--", "node")

    assert result.return_value == 1
    assert f"error: `node` ended {words}: Essential container exited" in result.stderr


def test_without_a_command_a_shell_is_entered_and_its_failure_is_ours() -> None:
    stacks = Stacks()

    result = call(execute, "dev", "--service", "web-alice", stacks=stacks)

    assert stacks.entered == [("web-alice", ("/bin/sh",))]
    assert result.return_value == 1


def test_the_account_of_a_pull_requests_stack_is_its_bases_where_its_file_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(locate, "ROOT", tmp_path)
    stacks = Stacks()

    call(execute, "pr-12", stacks=stacks)

    assert stacks.asked_for == ["staging"]


def test_a_log_of_a_service_that_is_not_there_is_refused() -> None:
    assert "there are web, web-alice" in str(call(logs, "dev", "--service", "bob").exception)


def test_each_line_of_a_log_is_a_document_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    def events(_: Aws, service: str) -> Any:
        event = {
            "eventId": "1",
            "timestamp": 1_800_000_000_000,
            "logStreamName": "web/web/1",
            "message": "hello",
        }
        return Aws(filter_log_events={"events": [event]}).get(service)

    monkeypatch.setattr(Stacks, "clients", lambda *_: type("Clients", (), {"get": events})())

    (line,) = call(logs, "dev", "--json").stdout.splitlines()

    assert json.loads(line)["message"] == "hello"
