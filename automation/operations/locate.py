"""Finds where a stack runs: in the account that its settings lead to, or on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from automation.operations.place import Place
from automation.previews.names import DEFAULT_BASE, is_preview
from automation.stack_files import path_of

if TYPE_CHECKING:
    from automation.operations.shell import Invocation
    from automation.stacks.stacks import Stacks
    from infra.settings import Settings

_ATTACHED_TO: Final = "attached_to"


@dataclass(frozen=True)
class Located:
    """A stack, and the way to it."""

    place: Place
    settings: Settings
    stacks: Stacks

    def enter(self, service: str, command: Sequence[str]) -> Invocation:
        """Return what runs a command in a task of a service."""
        return self.stacks.enter(self.settings, self.place, service, command)


def locate(stacks: Stacks, stack: str) -> Located:
    """Return where a stack runs.

    Raises:
        AutomationError: it does not, or its settings are wrong.
    """
    outputs = stacks.outputs(stack)
    # The file of a pull request's stack is where it was brought up; its account is its base's.
    elsewhere = is_preview(stack) and not path_of(stacks.root, stack).exists()
    settings = stacks.settings(outputs.get(_ATTACHED_TO, DEFAULT_BASE) if elsewhere else stack)
    return Located(Place.of(stack, outputs, stacks.clients(settings)), settings, stacks)
