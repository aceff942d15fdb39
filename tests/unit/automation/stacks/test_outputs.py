"""`outputs` prints a stack's outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.stacks.outputs import outputs
from automation.stacks.stacks import StackSummary


@dataclass
class Stacks:
    """A stack with a secret output."""

    values: Mapping[str, Any] = field(
        default_factory=lambda: {
            "url": "https://dev.example.com",
            "urls": {"web": "https://dev.example.com", "web-alice": "https://alice.dev.example.com"},
            "key": "[secret]",
            "subnet_ids": ["subnet-1", "subnet-2"],
            "attachment": {"assign_public_ip": True, "listener_arn": "arn:1"},
        }
    )

    def summaries(self) -> list[StackSummary]:
        return [StackSummary(name="dev", last_update=None)]

    def outputs(self, stack: str, *, show_secrets: bool) -> Mapping[str, Any]:
        assert not show_secrets
        return self.values

    def address(self, url: str) -> str:
        return f"{url}.local"


def call(*arguments: str, stacks: Stacks | None = None, stack: str = "dev") -> Result:
    return CliRunner().invoke(outputs, [stack, *arguments], obj=stacks or Stacks(), standalone_mode=False)


def test_all_outputs_are_printed_as_yaml() -> None:
    assert call().stdout.splitlines() == [
        "attachment:",
        "  assign_public_ip: true",
        "  listener_arn: arn:1",
        "key: '[secret]'",
        "subnet_ids:",
        "- subnet-1",
        "- subnet-2",
        "url: https://dev.example.com.local",
        "urls:",
        "  web: https://dev.example.com.local",
        "  web-alice: https://alice.dev.example.com.local",
    ]


def test_json_has_all_outputs() -> None:
    document = json.loads(call("--json").stdout)

    assert document["subnet_ids"] == ["subnet-1", "subnet-2"]
    assert document["urls"]["web"] == "https://dev.example.com.local"


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("url",), "https://dev.example.com.local\n"),
        (("url", "--json"), '"https://dev.example.com.local"\n'),
        (("subnet_ids",), '["subnet-1", "subnet-2"]\n'),
        (("key",), "[secret]\n"),
    ],
)
def test_name_prints_one_output(arguments: tuple[str, ...], printed: str) -> None:
    assert call(*arguments).stdout == printed


@pytest.mark.parametrize(
    ("values", "names"),
    [({"url": "x"}, "it has url"), ({}, "it has none: `python -m automation up dev` has to succeed first")],
)
def test_an_unknown_output_is_rejected_with_the_existing_ones(values: Mapping[str, Any], names: str) -> None:
    error = call("image", stacks=Stacks(values)).exception

    assert isinstance(error, AutomationError)
    assert str(error) == f"dev has no output 'image'; {names}"


def test_a_stack_without_outputs_prints_nothing() -> None:
    assert call(stacks=Stacks({})).stdout == ""


def test_an_unknown_stack_is_rejected_with_the_existing_ones() -> None:
    """A script would take an empty answer for a stack without outputs."""
    error = call(stack="dve", stacks=Stacks({})).exception

    assert isinstance(error, AutomationError)
    assert str(error) == "there is no stack 'dve': there are dev"
