"""What Pulumi's CLI is asked for, without it: a script in its place writes down how it was called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from automation.errors import AutomationError
from automation.stacks.account import AccountStacks
from automation.stacks.patience import Patience
from tests.unit.infra.rollout.aws import Hours

_SCRIPT = """#!/bin/sh
if [ "$1" = version ]; then echo v3.300.0; exit; fi
echo "$PULUMI_RUN_PROGRAM $*" >> "{folder}/calls"
if [ -s "{folder}/refusals" ]; then
    head -n 1 "{folder}/refusals"
    sed -i 1d "{folder}/refusals"
    exit 255
fi
cat "{folder}/answer" 2>/dev/null || true
"""


@dataclass
class Cli:
    folder: Path
    stacks: AccountStacks
    hours: Hours
    shown: list[str]

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def refuse(self, *lines: str) -> None:
        (self.folder / "refusals").write_text("".join(f"{line}\n" for line in lines))

    def answer(self, text: str) -> None:
        (self.folder / "answer").write_text(text)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    script = tmp_path / "pulumi"
    script.write_text(_SCRIPT.format(folder=tmp_path))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "Pulumi.yaml").write_text("name: node-on-ecs\nruntime: python\n")
    hours, shown = Hours(), list[str]()
    stacks = AccountStacks(root=tmp_path, show=shown.append, patience=Patience(minutes=2, clock=hours.clock))
    return Cli(tmp_path, stacks, hours, shown)


def test_a_stack_goes_by_its_state_alone(cli: Cli) -> None:
    """Neither its program nor a refresh with a registry token that has expired can keep it."""
    cli.stacks.destroy("pr-12")

    (call,) = cli.calls
    assert " --refresh=false --run-program=false --stack pr-12 " in call


def test_an_update_always_lets_the_program_run_for_the_refresh(cli: Cli) -> None:
    cli.answer("{}")

    cli.stacks.up("dev")

    assert cli.calls[0].startswith("true up --yes --skip-preview --stack dev ")


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ({"secretsprovider": "awskms://alias/key"}, "--secrets-provider awskms://alias/key"),
        ({"encryptionsalt": "v1:salt"}, "--secrets-provider passphrase"),
        ({}, None),
    ],
    ids=["kms", "passphrase", "the backend's own"],
)
def test_a_new_stack_is_encrypted_as_its_base(cli: Cli, lines: dict[str, str], asked: str | None) -> None:
    cli.stacks.create("pr-12", lines)

    (call,) = cli.calls
    assert "stack init pr-12 --no-select" in call, "the person's own choice of a stack stays"
    assert (asked or "--secrets-provider") in call if asked else "--secrets-provider" not in call


@pytest.mark.parametrize(
    "words",
    [
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end",
        "error: [409] Conflict: Another update is currently in progress.",
    ],
)
def test_a_stack_at_which_somebody_is_is_tried_again(cli: Cli, words: str) -> None:
    cli.refuse(words, words)

    cli.stacks.destroy("pr-12")

    assert (len(cli.calls), cli.hours.seconds) == (3, 30)
    assert any(line.endswith("trying again in 15 seconds") for line in cli.shown)


def test_not_for_ever_though_and_then_with_a_way_out(cli: Cli) -> None:
    cli.refuse(*["error: the stack is currently locked by 1 lock(s)."] * 99)

    with pytest.raises(
        AutomationError, match=r"still locked after 2 minutes.*automation cancel pr-12` takes its"
    ):
        cli.stacks.destroy("pr-12")

    assert len(cli.calls) == 9


def test_nothing_else_is_tried_twice(cli: Cli) -> None:
    cli.refuse("error: the service does not drain")

    with pytest.raises(AutomationError, match="the service does not drain"):
        cli.stacks.destroy("pr-12")

    assert len(cli.calls) == 1


def test_the_stacks_that_a_backend_lists_have_their_names_alone(cli: Cli) -> None:
    cli.answer(
        '[{"name": "organization/node-on-ecs/pr-1", "current": false, "updateInProgress": true},'
        ' {"name": "dev", "current": true, "lastUpdate": "2026-11-21T08:00:00.000Z"}]'
    )

    first, second = cli.stacks.known()

    assert (first.name, first.last_update, first.under_way) == ("pr-1", None, True)
    assert second.last_update is not None
    assert second.last_update.isoformat() == "2026-11-21T08:00:00+00:00"


def test_a_backend_that_does_not_answer_is_told_in_its_words(cli: Cli) -> None:
    (cli.folder / "pulumi").write_text(
        "#!/bin/sh\n[ $1 = version ] && echo v3.300.0 || { echo 'no bucket' >&2; exit 1; }"
    )

    with pytest.raises(AutomationError, match=r"^Pulumi does not answer: no bucket$"):
        cli.stacks.known()
