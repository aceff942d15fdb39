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
_LOCKED: Final = (
    "the stack is currently locked by",
    "[409] Conflict: Another update is currently in progress",
)
"""Errors of the file backend and of Pulumi Cloud, by which the SDK's Automation API recognises locks, too."""
_OWNER: Final = ("created by", "currently in progress")
"""In the lines that name the lock's owner."""


@dataclass(frozen=True, kw_only=True)
class LockRetry:
    """How long to wait for a lock; other failures are not retried."""

    minutes: float = 10.0
    clock: Clock = REAL
    say: Callable[[str], None] = say

    def run(self, update: Callable[[], T], stack: str) -> T:
        """Run an update, again while the stack is locked and there is time.

        Raises:
            LockedError: the time is over; the message names the lock's owner and the command that removes it.
            ProgramError: the update failed otherwise.
        """
        deadline = self.clock.now() + self.minutes * 60
        while True:
            try:
                return update()
            except ProgramError as error:
                if not any(text in error.output for text in _LOCKED):
                    raise
                lines = (line.strip() for line in error.output.splitlines())
                owner = "; ".join(line for line in lines if any(text in line for text in _OWNER))
                owner = owner or "by another update"
                if self.clock.now() + _PAUSE_SECONDS > deadline:
                    raise LockedError(
                        f"{stack} is still locked after {self.minutes:g} minutes ({owner}). If that update "
                        f"is under way, wait for it. If it was interrupted, {to_type('cancel', stack)} "
                        "removes its lock"
                    ) from error
                self.say(f"{stack} is locked ({owner}); trying again in {_PAUSE_SECONDS:.0f} seconds")
                self.clock.block(_PAUSE_SECONDS)
