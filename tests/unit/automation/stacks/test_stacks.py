"""How the Pulumi CLI is called. A script in its place records its arguments."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest

from automation.cli import cli as commands
from automation.errors import AutomationError, ProgramError
from automation.stacks.cli import Cli
from automation.stacks.lock_retry import LockRetry
from automation.stacks.stacks import Stacks
from tests.unit.infra.rollout.aws import FakeClock

_SCRIPT = """#!/bin/sh
echo "$*" >> "{folder}/calls"
if [ "$1 $2" = "stack history" ]; then cat "{folder}/history" 2>/dev/null; exit; fi
if [ -s "{folder}/failures" ]; then
    head -n 1 "{folder}/failures" >&2
    sed -i 1d "{folder}/failures"
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
class FakeCli:
    folder: Path
    time: FakeClock = field(default_factory=FakeClock)
    reported: list[str] = field(default_factory=list)

    @property
    def stacks(self) -> Stacks:
        script = self.folder / "pulumi"
        retry = LockRetry(minutes=2, clock=self.time.clock, say=self.reported.append)
        return Stacks(find_cli=lambda _: script, root=self.folder, lock_retry=retry)

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def fail_with(self, *lines: str) -> None:
        (self.folder / "failures").write_text("".join(f"{line}\n" for line in lines))

    def answer(self, text: str) -> None:
        (self.folder / "answer").write_text(text)

    def report(self, *events: dict[str, Any]) -> None:
        (self.folder / "events").write_text("".join(f"{json.dumps(event)}\n" for event in events))


@pytest.fixture
def cli(tmp_path: Path) -> FakeCli:
    script = tmp_path / "pulumi"
    script.write_text(_SCRIPT.format(folder=tmp_path))
    script.chmod(0o755)
    (tmp_path / "Pulumi.yaml").write_text("name: toys\nruntime: python\n")
    return FakeCli(tmp_path)


def test_destroy_uses_the_state_alone_and_keeps_protection(cli: FakeCli) -> None:
    """A refresh would fail with a registry token that has expired."""
    cli.stacks.destroy("pr-12")

    (call,) = cli.calls
    assert call.startswith("destroy --yes --skip-preview --refresh=false ")
    assert " --stack pr-12 " in call
    assert "--ignore-protect" not in call


@pytest.mark.parametrize(
    ("encryption", "option"),
    [
        ({"secretsprovider": "awskms://alias/key"}, " --secrets-provider awskms://alias/key"),
        ({"encryptionsalt": "v1:salt"}, " --secrets-provider passphrase"),
        ({}, ""),
    ],
    ids=["kms", "passphrase", "the backend's own"],
)
def test_create_encrypts_as_the_base_does_and_selects_no_stack(
    cli: FakeCli, encryption: dict[str, str], option: str
) -> None:
    cli.stacks.create("pr-12", encryption)

    assert cli.calls[0].startswith(f"stack init pr-12 --no-select{option} --non-interactive")


def test_a_failure_has_the_errors_of_the_event_log(cli: FakeCli) -> None:
    """On a terminal they are only in the CLI's display."""
    cli.fail_with("error: update failed")
    script = cli.folder / "pulumi"
    script.write_text(
        script.read_text().replace(
            "    exit 255",
            '    while [ "$1" != --event-log ]; do shift; done\n'
            f'    cat "{cli.folder}/events" > "$2"\n    exit 255',
        )
    )
    cli.report({"diagnosticEvent": {"severity": "error", "message": "web: exit code 3"}})

    with pytest.raises(ProgramError) as raised:
        cli.stacks.destroy("dev")

    assert raised.value.output == "web: exit code 3\nerror: update failed"


def test_stacks_are_listed_without_organization_and_project(cli: FakeCli) -> None:
    cli.answer(
        '[{"name": "organization/node-on-ecs/pr-1", "current": false, "updateInProgress": true},'
        ' {"name": "dev", "current": true, "lastUpdate": "2026-11-21T08:00:00.000Z"}]'
    )

    first, second = cli.stacks.summaries()

    assert (first.name, first.last_update, first.under_way) == ("pr-1", None, True)
    assert second.last_update is not None
    assert second.last_update.isoformat() == "2026-11-21T08:00:00+00:00"


def test_an_error_of_the_backend_is_reported(cli: FakeCli) -> None:
    cli.fail_with("error: no bucket")

    with pytest.raises(AutomationError, match=r"exit code 255:\nerror: no bucket$"):
        cli.stacks.summaries()


@pytest.mark.parametrize(("show", "option"), [(True, True), (False, False)], ids=["shown", "hidden"])
def test_secret_outputs_are_decrypted_only_on_request(cli: FakeCli, *, show: bool, option: bool) -> None:
    cli.answer('{"url": "https://dev.example.com"}')

    assert cli.stacks.outputs("dev", show_secrets=show) == {"url": "https://dev.example.com"}
    assert ("--show-secrets" in cli.calls[0]) is option


def test_a_missing_stack_has_no_outputs_and_no_resources(cli: FakeCli) -> None:
    cli.fail_with(*["error: no stack named 'dev' found"] * 2)

    assert cli.stacks.outputs("dev") == {}
    assert list(cli.stacks.resources("dev")) == []


def test_references_are_the_stacks_whose_outputs_are_read(cli: FakeCli) -> None:
    reference = {"type": "pulumi:pulumi:StackReference", "id": "organization/node-on-ecs/dev"}
    cli.answer(json.dumps({"deployment": {"resources": [reference, {"type": "aws:ecs/service:Service"}]}}))

    assert cli.stacks.references("pr-1") == ["dev"]


def test_changes_are_read_from_the_event_log(cli: FakeCli) -> None:
    urn = "urn:pulumi:dev::toys::aws:ecs/service:Service::web"
    metadata = {"op": "delete", "urn": urn, "type": "aws:ecs/service:Service"}
    cli.report({"resOutputsEvent": {"metadata": metadata}})
    pulumi = Cli(executable=cli.folder / "pulumi", folder=cli.folder, variables={})

    (change,) = pulumi.update("refresh").changes(refreshed=True).changes

    assert (change.kind, change.name) == ("delete", "web")


@dataclass
class Program:
    """Updates that run no program and record their arguments."""

    cli: FakeCli
    calls: list[tuple[str, ...]]

    def up(self, *, refresh: bool = False, last: str = "succeeded") -> tuple[str, ...]:
        (self.cli.folder / "history").write_text(json.dumps([{"result": last}]))
        self.cli.stacks.up("dev", refresh=refresh)
        return self.calls[-1]


@pytest.fixture
def program(cli: FakeCli, monkeypatch: pytest.MonkeyPatch) -> Program:
    calls: list[tuple[str, ...]] = []

    def update(_: Any, *arguments: str, program: Path | None = None) -> Any:
        from automation.changes.events import Events

        assert program == (None if arguments[0] == "destroy" else cli.folder / "__main__.py")
        calls.append(arguments)
        return Events()

    monkeypatch.setattr("automation.stacks.stacks.Cli.update", update)
    (cli.folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    return Program(cli, calls)


@pytest.mark.parametrize("preview_only", [True, False])
def test_preview_only_refresh_does_not_change_the_state(program: Program, *, preview_only: bool) -> None:
    program.cli.stacks.refresh("dev", preview_only=preview_only)

    assert ("--preview-only" in program.calls[0], "--yes" in program.calls[0]) == (
        preview_only,
        not preview_only,
    )


def test_up_does_not_refresh(program: Program) -> None:
    assert "--refresh" not in program.up()


@pytest.mark.parametrize(("refresh", "last"), [(True, "succeeded"), (False, "failed"), (True, "failed")])
def test_up_refreshes_on_request_and_after_a_failed_update(
    program: Program, *, refresh: bool, last: str
) -> None:
    """After a rollback by ECS the state has the version that failed."""
    assert program.up(refresh=refresh, last=last).count("--refresh") == 1


@pytest.mark.parametrize(("last", "refreshes"), [("succeeded", False), ("failed", True)])
def test_preview_refreshes_when_up_would(program: Program, last: str, *, refreshes: bool) -> None:
    """Else it would show other changes than `up` makes."""
    (program.cli.folder / "history").write_text(json.dumps([{"result": last}]))

    program.cli.stacks.preview("dev")

    assert ("--refresh" in program.calls[0]) is refreshes


def test_destroy_and_refresh_need_no_refresh_after_a_failed_update(program: Program) -> None:
    """`refresh` has no such option, and a destroy uses the state alone."""
    (program.cli.folder / "history").write_text(json.dumps([{"result": "failed"}]))

    program.cli.stacks.refresh("dev", preview_only=True)
    program.cli.stacks.destroy("dev")

    assert [call[0] for call in program.calls] == ["refresh", "destroy"]
    assert not any("--refresh" in call for call in program.calls)


def test_a_refresh_runs_the_program_for_a_new_registry_token(program: Program) -> None:
    """The token in the state expires after twelve hours."""
    assert "--run-program" in program.up(refresh=True)


@pytest.mark.parametrize(
    ("advice", "command"),
    [("pulumi up --refresh", "up --refresh dev"), ("python -m automation redeploy STACK", "redeploy dev")],
)
def test_a_version_that_does_not_run_is_followed_by_the_commands_to_type(
    cli: FakeCli, capfd: pytest.CaptureFixture[str], advice: str, command: str
) -> None:
    """The program's error knows neither the stack's name nor --local."""
    (cli.folder / "Pulumi.dev.yaml").write_text("config: {aws:region: eu-west-1}\n")
    cli.fail_with(f"error: The service does not run what this stack asks for. `{advice}` tries again")

    context = click.Context(commands)
    context.params["local"] = True
    with context, pytest.raises(ProgramError):
        cli.stacks.up("dev")

    assert (
        "next: `python -m automation --local up dev` when it is fixed, or "
        f"`python -m automation --local {command}` to try the same version once more\n"
    ) in capfd.readouterr().err
