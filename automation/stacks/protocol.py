"""What commands need of whoever drives stacks, wherever they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from automation.changes.model import Changes
    from automation.operations.place import Clients, Place
    from automation.operations.shell import Invocation
    from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Known:
    """A stack, as the backend lists it."""

    name: str
    last_update: datetime | None
    under_way: bool = False
    """Whether something changes it right now."""


class Stacks(Protocol):
    """The stacks of this project. Whatever does not work is an `AutomationError`."""

    @property
    def on_this_machine(self) -> bool:
        """Whether they run here, and reach no account."""
        ...

    def known(self) -> Sequence[Known]:
        """Return all of them."""
        ...

    def outputs(self, stack: str) -> Mapping[str, Any]:
        """Return what a stack tells; nothing if it never came up."""
        ...

    def shown_outputs(self, stack: str) -> Mapping[str, Any]:
        """Return what a stack tells, with [secret] for what nobody is to see."""
        ...

    def state(self, stack: str) -> Mapping[str, Any]:
        """Return what is known of a stack, as `pulumi stack export` writes it."""
        ...

    def preview(self, stack: str) -> Changes:
        """Return what `up` would change; an error holds all that was told."""
        ...

    def refresh(self, stack: str, *, preview_only: bool) -> Changes:
        """Bring the state to what is there, or leave it as it is; return how it differed."""
        ...

    def cancel(self, stack: str) -> None:
        """Take away the lock that an update has left which was cut off."""
        ...

    def refers_to(self, stack: str) -> Sequence[str]:
        """Return the stacks whose outputs a stack has read, by its state."""
        ...

    def settings(self, stack: str) -> Settings:
        """Return what a stack's file says."""
        ...

    def clients(self, settings: Settings) -> Clients:
        """Return who asks the account of a stack with these settings."""
        ...

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        """Make a stack with nothing in it, whose secrets are encrypted as these lines of a stack file say."""
        ...

    def up(self, stack: str) -> Mapping[str, Any]:
        """Bring a stack to what its file says, and return its outputs; an error holds all that was told."""
        ...

    def destroy(self, stack: str) -> None:
        """Delete all that a stack holds, by its state alone: its program may be gone, and its base too."""
        ...

    def remove(self, stack: str) -> None:
        """Forget a stack that holds nothing, and its history."""
        ...

    def enter(self, settings: Settings, place: Place, service: str, command: Sequence[str]) -> Invocation:
        """Return what runs a command in a task of a service."""
        ...

    def address(self, url: str) -> str:
        """Return where this machine finds what is at `url`."""
        ...
