"""Waits for a stack that somebody else's update has locked, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from automation.errors import LockedError, ProgramError
from infra.rollout.clock import REAL, Clock

_PAUSE_SECONDS: Final = 15.0
# The file backend, Pulumi Cloud; the texts by which the SDK's Automation API knows them as well.
_LOCKED: Final = (
    "the stack is currently locked by",
    "[409] Conflict: Another update is currently in progress",
)
_BY: Final = ("created by", "currently in progress")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a lock. Whatever else fails is not tried again."""

    minutes: float = 10.0
    clock: Clock = field(default=REAL)

    def run(self, update: Callable[[], None], stack: str, say: Callable[[str], None]) -> None:
        """Run an update, again as long as the stack is locked and there is time.

        Raises:
            LockedError: the time is up; the message says whose the lock is and how it is taken away.
            ProgramError: anything else went wrong.
        """
        deadline = self.clock.now() + self.minutes * 60
        while True:
            try:
                update()
            except ProgramError as error:
                if not any(words in error.told for words in _LOCKED):
                    raise
                if self.clock.now() + _PAUSE_SECONDS > deadline:
                    raise LockedError(_explanation(stack, error.told, self.minutes)) from error
                say(f"{stack} is locked ({_whose(error.told)}); trying again in {_PAUSE_SECONDS:.0f} seconds")
                self.clock.block(_PAUSE_SECONDS)
            else:
                return


def _whose(told: str) -> str:
    found = [line.strip() for line in told.splitlines() if any(words in line for words in _BY)]
    return "; ".join(found) or "by another update"


def _explanation(stack: str, told: str, minutes: float) -> str:
    return (
        f"{stack} is still locked after {minutes:g} minutes ({_whose(told)}). If that update lives, wait for "
        f"it. If it was cut off, `python -m automation cancel {stack}` takes its lock away"
    )
