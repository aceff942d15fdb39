"""`aws-smoke` prints the cost and asks before it creates anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from automation.smoke import aws_smoke as module
from automation.smoke.aws_smoke import aws_smoke
from automation.stacks.stacks import settings_of
from infra.settings import Settings
from tests.unit.automation.fakes import ROOT
from tests.unit.infra.fake_cloud import ACCOUNT
from tests.unit.infra.rollout.aws import Aws


@dataclass
class Account:
    """An account in which nothing may be created."""

    root: Path
    project: str = "node-on-ecs"
    is_local: bool = False

    def exists(self, stack: str) -> bool:
        return False

    def settings(self, stack: str) -> Settings:
        return settings_of(stack, self.root)

    def clients(self, settings: Settings) -> Aws:
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/me"
        return Aws(get_caller_identity={"Account": ACCOUNT, "Arn": arn})


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, and nothing to plan there."""
    for file in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (tmp_path / file).write_text((ROOT / file).read_text())
    monkeypatch.setattr(module, "_cost", lambda: "It costs $1.")
    return tmp_path


def smoke(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(aws_smoke, list(arguments), obj=Account(root))


def test_it_requires_yes_without_a_terminal_and_leaves_no_file(root: Path) -> None:
    result = smoke(root)

    assert result.exit_code == 2
    assert "add --yes" in result.output
    assert not (root / "Pulumi.smoke.yaml").exists()


def test_cost_account_and_identity_are_printed_first(root: Path) -> None:
    first = smoke(root, "--region", "eu-west-1").output.splitlines()[0]

    assert first.startswith("It costs $1. It is created in account 123456789012 as arn:aws:sts::")
    assert first.endswith("/admin/me, in eu-west-1.")


@pytest.fixture
def answered_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(question: str, *, without_terminal: str) -> None:
        raise click.Abort

    monkeypatch.setattr(module, "confirm", no)


@pytest.mark.usefixtures("answered_no")
def test_the_answer_no_leaves_no_file(root: Path) -> None:
    assert smoke(root).exit_code == 1
    assert not (root / "Pulumi.smoke.yaml").exists()


@pytest.mark.usefixtures("answered_no")
def test_the_answer_no_restores_the_file_of_an_earlier_run(root: Path) -> None:
    file = root / "Pulumi.smoke.yaml"
    file.write_text("config:\n  aws:region: eu-west-3\n")

    assert smoke(root, "--region", "eu-west-1").exit_code == 1
    assert file.read_text() == "config:\n  aws:region: eu-west-3\n"
