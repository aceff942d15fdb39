"""Which stacks a command is about: those of an account, or with --local those on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.isolation import isolate

if TYPE_CHECKING:
    from automation.stacks.protocol import Stacks


def choose(*, local: bool, wait_for_lock_minutes: float) -> Stacks:
    """Return who drives the stacks; with `local` nothing in this process reaches an account any more."""
    if local:
        isolate()
        from automation.stacks.here import LocalStacks

        return LocalStacks()
    from automation.stacks.account import AccountStacks
    from automation.stacks.patience import Patience

    return AccountStacks(patience=Patience(minutes=wait_for_lock_minutes))
