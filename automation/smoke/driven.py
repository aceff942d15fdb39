"""The stack that is made to be thrown away, among those that are driven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automation import answers
from automation.smoke.config import STACK

if TYPE_CHECKING:
    from automation.operations.place import Clients
    from automation.stacks.stacks import Stacks
    from infra.settings import Settings


@dataclass(frozen=True)
class Driven:
    """See :class:`automation.smoke.steps.Stage`."""

    stacks: Stacks
    settings: Settings

    def is_there(self) -> bool:
        """Return whether an earlier run has left it."""
        return self.stacks.exists(STACK)

    def create(self, encryption: Mapping[str, str]) -> None:
        """Make it, with nothing in it."""
        self.stacks.create(STACK, encryption)

    def up(self) -> Mapping[str, Any]:
        """Bring it to what its file says, and return its outputs."""
        return self.stacks.up(STACK)

    def destroy(self) -> None:
        """Delete all that it holds."""
        self.stacks.destroy(STACK)

    def remove(self) -> None:
        """Forget it."""
        self.stacks.remove(STACK)

    def clients(self) -> Clients:
        """Return who asks its account."""
        return self.stacks.clients(self.settings)

    def status_of(self, url: str) -> int | None:
        """Return the status with which an address answers; None if it does not."""
        return answers.status_of(self.stacks.address(url))
