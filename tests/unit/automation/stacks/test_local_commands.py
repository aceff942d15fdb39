"""`down` and `env` of stacks that do not exist on this machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.stacks.local import LocalStacks
from automation.stacks.local_commands import down, env


class Environment(SimpleNamespace):
    """A local environment that has only the stack `dev`."""

    cleared = False

    def stacks(self) -> list[str]:
        return ["dev"]

    def in_order_of_deletion(self, names: list[str]) -> list[str]:
        return names

    def clear(self) -> None:
        self.cleared = True


def call(folder: Path, command: click.Command, *arguments: str) -> Result:
    for name in ("dev", "prod"):
        (folder / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    backend = SimpleNamespace(path=lambda _: folder)
    local: Any = Environment(backend=backend)
    stacks = LocalStacks(find_cli=lambda _: folder, root=folder, local=local)
    return CliRunner().invoke(command, arguments, obj=stacks)


@pytest.mark.parametrize("command", [down, env])
def test_an_unknown_stack_is_rejected_with_those_that_have_a_file(
    tmp_path: Path, command: click.Command
) -> None:
    error = call(tmp_path, command, "nope").exception

    assert isinstance(error, AutomationError)
    assert "stack 'nope' has no file Pulumi.nope.yaml: there are dev, prod; " in str(error)
    assert "init --stacks nope" in str(error)


@pytest.mark.parametrize("name", ["prod", "pr-7"])
def test_down_of_a_stack_that_is_not_up_succeeds(tmp_path: Path, name: str) -> None:
    result = call(tmp_path, down, name)

    assert result.exit_code == 0
    assert f"there is no local stack {name}: there are dev" in result.stderr


def test_env_of_a_stack_that_is_not_up_is_an_error_that_names_the_command(tmp_path: Path) -> None:
    assert "`make up STACK=prod` creates it" in str(call(tmp_path, env, "prod").exception)
