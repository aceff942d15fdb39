"""Errors that end a command: one sentence, without a traceback."""

from __future__ import annotations


class AutomationError(Exception):
    """A command cannot do what it is asked to; the message says why, and what to do."""

    @property
    def output(self) -> str:
        """What a comment or a summary shows of it."""
        return str(self)


class ProgramError(AutomationError):
    """A program that was run for a command failed; the message holds its errors."""

    def __init__(self, command: str, code: int, output: str) -> None:
        self.summary = f"`{command}` ended with exit code {code}"
        """Without the output, for users who have seen that."""
        self._output = output
        super().__init__(f"{self.summary}:\n{output}")

    @property
    def output(self) -> str:
        """What the program itself printed."""
        return self._output


class LockedError(AutomationError):
    """Another update of the stack is under way, or was interrupted."""
