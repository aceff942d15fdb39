"""Waits while another update has locked a stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from automation.console import say, to_type
from automation.errors import LockedError, ProgramError
from infra.rollout.clock import REAL, Clock

T = TypeVar("T")

_PAUSE_SECONDS: Final = 15.0
# The file backend, Pulumi Cloud; the texts by which the SDK's Automation API knows them as well.
_LOCKED: Final = (
    "the stack is currently locked by",
    "[409] Conflict: Another update is currently in progress",
)
_BY: Final = ("created by", "currently in progress")


@dataclass(frozen=True, kw_only=True)
class LockRetry:
    """How long to wait for a lock; other failures are not retried."""

    minutes: float = 10.0
    clock: Clock = REAL
    say: Callable[[str], None] = say

    def run(self, update: Callable[[], T], stack: str) -> T:
        """Run an update, again as long as the stack is locked and there is time.

        Raises:
            LockedError: the time is over; the message says whose lock it is and how to remove it.
            ProgramError: anything else went wrong.
        """
        deadline = self.clock.now() + self.minutes * 60
        while True:
            try:
                return update()
            except ProgramError as error:
                if not any(words in error.output for words in _LOCKED):
                    raise
                if self.clock.now() + _PAUSE_SECONDS > deadline:
                    raise LockedError(_explanation(stack, error.output, self.minutes)) from error
                whose = _whose(error.output)
                self.say(f"{stack} is locked ({whose}); trying again in {_PAUSE_SECONDS:.0f} seconds")
                self.clock.block(_PAUSE_SECONDS)


def _whose(output: str) -> str:
    found = [line.strip() for line in output.splitlines() if any(words in line for words in _BY)]
    return "; ".join(found) or "by another update"


def _explanation(stack: str, output: str, minutes: float) -> str:
    return (
        f"{stack} is still locked after {minutes:g} minutes ({_whose(output)}). If that update is under way, "
        f"wait for it. If it was interrupted, {to_type('cancel', stack)} removes its lock"
    )
