"""What is told and asked before a run costs anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.smoke import command
from automation.smoke.command import aws_smoke
from automation.stacks.protocol import Known
from automation.stacks.settings import settings_of
from infra.settings import Settings
from local.home import ROOT
from tests.unit.infra.rollout.aws import Aws

ACCOUNT = "123456789012"


class Account:
    """An account in which nothing may be made."""

    on_this_machine = False

    def known(self) -> Sequence[Known]:
        return []

    def settings(self, stack: str) -> Settings:
        return settings_of(stack, command.ROOT)

    def clients(self, settings: Settings) -> Aws:
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/me"
        return Aws(get_caller_identity={"Account": ACCOUNT, "Arn": arn})


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, and nothing to plan there."""
    for file in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (tmp_path / file).write_text((ROOT / file).read_text())
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "_cost", lambda: "It costs $1.")
    return tmp_path


def smoke(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(aws_smoke, list(arguments), obj=Account(), **more)


def test_where_nobody_can_answer_it_is_refused_and_nothing_stays(root: Path) -> None:
    result = smoke()

    assert result.exit_code == 2
    assert "say --yes" in result.output
    assert not (root / "Pulumi.smoke.yaml").exists()


def test_the_cost_the_account_and_who_one_is_are_told_first(root: Path) -> None:
    first = smoke("--region", "eu-west-1").output.splitlines()[0]

    assert first.startswith("It costs $1. It is made in account 123456789012 as arn:aws:sts::")
    assert first.endswith("/admin/me, in eu-west-1.")


@pytest.mark.usefixtures("root")
def test_who_says_no_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automation.smoke.command._somebody_is_there", lambda: True)

    result = smoke(input="n\n")

    assert result.exit_code == 1
    assert "Go on?" in result.output
    assert not (command.ROOT / "Pulumi.smoke.yaml").exists()
