"""What stops a command, told in a sentence and without a traceback."""

from __future__ import annotations


class AutomationError(Exception):
    """A command cannot do what it is asked to; the message says why, and what to do."""

    @property
    def told(self) -> str:
        """What a comment or a summary says of it."""
        return str(self)


class ProgramError(AutomationError):
    """A program that was run for a command failed; the message holds all that it told."""

    def __init__(self, command: str, code: int, told: str) -> None:
        self.summary = f"`{command}` ended with exit code {code}"
        """Without what it told, for those who have seen that."""
        self._told = told
        super().__init__(f"{self.summary}:\n{told}")

    @property
    def told(self) -> str:
        """What the program itself told."""
        return self._told


class LockedError(AutomationError):
    """Somebody else's update of the stack is under way, or was cut off."""
