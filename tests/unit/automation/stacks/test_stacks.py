"""How the Pulumi CLI is called, without it: a script in its place writes down its arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest

from automation.cli import cli as cli_group
from automation.errors import AutomationError, ProgramError
from automation.stacks.cli import Cli
from automation.stacks.lock_retry import LockRetry
from automation.stacks.stacks import Run, Stacks
from tests.unit.infra.rollout.aws import Hours

_SCRIPT = """#!/bin/sh
echo "$*" >> "{folder}/calls"
if [ "$1 $2" = "stack history" ]; then cat "{folder}/history" 2>/dev/null; exit; fi
if [ -s "{folder}/refusals" ]; then
    head -n 1 "{folder}/refusals" >&2
    sed -i 1d "{folder}/refusals"
    exit 255
fi
cat "{folder}/answer" 2>/dev/null
while [ $# -gt 0 ]; do
    if [ "$1" = --event-log ]; then cat "{folder}/events" > "$2" 2>/dev/null; fi
    shift
done
exit 0
"""


@dataclass
class World:
    folder: Path
    time: Hours = field(default_factory=Hours)
    said: list[str] = field(default_factory=list)

    @property
    def stacks(self) -> Stacks:
        script = self.folder / "pulumi"
        retry = LockRetry(minutes=2, clock=self.time.clock, say=self.said.append)
        return Stacks(find_cli=lambda _: script, root=self.folder, lock_retry=retry)

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def refuse(self, *lines: str) -> None:
        (self.folder / "refusals").write_text("".join(f"{line}\n" for line in lines))

    def answer(self, text: str) -> None:
        (self.folder / "answer").write_text(text)

    def report(self, *events: dict[str, Any]) -> None:
        (self.folder / "events").write_text("".join(f"{json.dumps(event)}\n" for event in events))


@pytest.fixture
def world(tmp_path: Path) -> World:
    script = tmp_path / "pulumi"
    script.write_text(_SCRIPT.format(folder=tmp_path))
    script.chmod(0o755)
    (tmp_path / "Pulumi.yaml").write_text("name: toys\nruntime: python\n")
    return World(tmp_path)


def test_a_stack_is_destroyed_by_its_state_alone(world: World) -> None:
    """A refresh with a registry token that has expired cannot prevent it."""
    world.stacks.destroy("pr-12")

    (call,) = world.calls
    assert call.startswith("destroy --yes --skip-preview --refresh=false ")
    assert " --stack pr-12 " in call


def test_protection_is_kept_in_an_account(world: World) -> None:
    world.stacks.destroy("prod")

    assert "--ignore-protect" not in world.calls[0]


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ({"secretsprovider": "awskms://alias/key"}, " --secrets-provider awskms://alias/key"),
        ({"encryptionsalt": "v1:salt"}, " --secrets-provider passphrase"),
        ({}, ""),
    ],
    ids=["kms", "passphrase", "the backend's own"],
)
def test_a_new_stack_is_encrypted_as_its_base_and_the_users_selection_stays(
    world: World, lines: dict[str, str], asked: str
) -> None:
    world.stacks.create("pr-12", lines)

    assert world.calls[0].startswith(f"stack init pr-12 --no-select{asked} --non-interactive")


def test_a_locked_stack_is_tried_again(world: World) -> None:
    world.refuse(*["error: the stack is currently locked by 1 lock(s)."] * 2)

    world.stacks.destroy("pr-12")

    assert (len(world.calls), world.time.seconds) == (3, 30)
    assert any(line.endswith("trying again in 15 seconds") for line in world.said)


def test_a_failure_has_the_errors_of_the_events_too(world: World) -> None:
    """On a terminal the CLI displays them, and they are nowhere else."""
    world.refuse("error: update failed")
    script = world.folder / "pulumi"
    script.write_text(
        script.read_text().replace(
            "    exit 255",
            '    while [ "$1" != --event-log ]; do shift; done\n'
            f'    cat "{world.folder}/events" > "$2"\n    exit 255',
        )
    )
    world.report({"diagnosticEvent": {"severity": "error", "message": "web: exit code 3"}})

    with pytest.raises(ProgramError) as raised:
        world.stacks.destroy("dev")

    assert raised.value.output == "web: exit code 3\nerror: update failed"


def test_stacks_are_listed_by_their_names_alone(world: World) -> None:
    world.answer(
        '[{"name": "organization/node-on-ecs/pr-1", "current": false, "updateInProgress": true},'
        ' {"name": "dev", "current": true, "lastUpdate": "2026-11-21T08:00:00.000Z"}]'
    )

    first, second = world.stacks.known()

    assert (first.name, first.last_update, first.under_way) == ("pr-1", None, True)
    assert second.last_update is not None
    assert second.last_update.isoformat() == "2026-11-21T08:00:00+00:00"


def test_a_backend_that_does_not_answer_is_reported_in_its_words(world: World) -> None:
    world.refuse("error: no bucket")

    with pytest.raises(AutomationError, match=r"exit code 255:\nerror: no bucket$"):
        world.stacks.known()


@pytest.mark.parametrize(("show", "option"), [(True, True), (False, False)], ids=["for us", "for a person"])
def test_secrets_are_read_only_where_they_are_needed(world: World, *, show: bool, option: bool) -> None:
    world.answer('{"url": "https://dev.example.com"}')

    assert world.stacks.outputs("dev", show_secrets=show) == {"url": "https://dev.example.com"}
    assert ("--show-secrets" in world.calls[0]) is option


def test_a_missing_stack_has_no_outputs_and_no_resources(world: World) -> None:
    world.refuse(*["error: no stack named 'dev' found"] * 2)

    assert world.stacks.outputs("dev") == {}
    assert list(world.stacks.resources("dev")) == []


def test_the_stacks_that_one_reads_are_in_its_state(world: World) -> None:
    reference = {"type": "pulumi:pulumi:StackReference", "id": "organization/node-on-ecs/dev"}
    world.answer(json.dumps({"deployment": {"resources": [reference, {"type": "aws:ecs/service:Service"}]}}))

    assert world.stacks.references("pr-1") == ["dev"]


def test_changes_are_read_from_the_events_of_the_engine(world: World) -> None:
    urn = "urn:pulumi:dev::toys::aws:ecs/service:Service::web"
    metadata = {"op": "delete", "urn": urn, "type": "aws:ecs/service:Service"}
    world.report({"resOutputsEvent": {"metadata": metadata}})
    cli = Cli(program=world.folder / "pulumi", folder=world.folder, variables={})

    (change,) = cli.update("refresh").changes(refreshed=True).changes

    assert (change.kind, change.name) == ("delete", "web")


@dataclass
class Program:
    """A world in which an update would run a program; nothing runs."""

    world: World
    calls: list[tuple[str, ...]]

    def up(self, *, refresh: bool = False, last: str = "succeeded") -> tuple[str, ...]:
        (self.world.folder / "history").write_text(json.dumps([{"result": last}]))
        self.world.stacks.up("dev", refresh=refresh)
        return self.calls[-1]


@pytest.fixture
def program(world: World, monkeypatch: pytest.MonkeyPatch) -> Program:
    calls: list[tuple[str, ...]] = []

    def update(_: Any, *arguments: str, source: Path | None = None) -> Any:
        from automation.changes.events import Events

        assert source == world.folder / "__main__.py"
        calls.append(arguments)
        return Events()

    monkeypatch.setattr("automation.stacks.stacks.Cli.update", update)
    (world.folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    return Program(world, calls)


@pytest.mark.parametrize("preview_only", [True, False])
def test_drift_is_looked_for_without_changing_the_state(program: Program, *, preview_only: bool) -> None:
    program.world.stacks.refresh("dev", preview_only=preview_only)

    assert ("--preview-only" in program.calls[0], "--yes" in program.calls[0]) == (
        preview_only,
        not preview_only,
    )


def test_an_update_does_not_read_every_resource_first(program: Program) -> None:
    assert "--refresh" not in program.up()


@pytest.mark.parametrize(("refresh", "last"), [(True, "succeeded"), (False, "failed"), (True, "failed")])
def test_it_does_where_it_is_asked_to_and_after_one_that_failed(
    program: Program, *, refresh: bool, last: str
) -> None:
    """Where ECS has rolled a deployment back, the state has the version that failed."""
    assert program.up(refresh=refresh, last=last).count("--refresh") == 1


def test_no_other_command_does(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """`refresh` does it anyway, and has no such option; a destroy needs no more than the state."""

    @contextmanager
    def failed_before(_: Stacks, __: str, ___: str, *, region: str) -> Iterator[Run]:
        yield Run(variables={}, folder=program.world.folder, last_update_failed=True)

    monkeypatch.setattr(Stacks, "run", failed_before)

    program.world.stacks.refresh("dev", preview_only=True)
    program.world.stacks.up("dev")

    assert ["--refresh" in call for call in program.calls] == [False, True]


def test_a_refresh_lets_the_program_supply_a_fresh_registry_token(program: Program) -> None:
    """The one in the state expires after twelve hours."""
    assert "--run-program" in program.up(refresh=True)


@pytest.mark.parametrize(
    ("advice", "command"),
    [("pulumi up --refresh", "up --refresh dev"), ("python -m automation redeploy STACK", "redeploy dev")],
)
def test_after_a_version_that_did_not_come_up_it_names_the_commands_to_type(
    world: World, capfd: pytest.CaptureFixture[str], advice: str, command: str
) -> None:
    """The program, whose error it is, knows neither the stack's name nor whether it runs on this machine."""
    (world.folder / "Pulumi.dev.yaml").write_text("config: {aws:region: eu-west-1}\n")
    world.refuse(f"error: The service does not run what this stack asks for. `{advice}` tries again")

    context = click.Context(cli_group)
    context.params["local"] = True
    with context, pytest.raises(ProgramError):
        world.stacks.up("dev")

    assert (
        "next: `python -m automation --local up dev` when it is fixed, or "
        f"`python -m automation --local {command}` to try the same version once more\n"
    ) in capfd.readouterr().err
