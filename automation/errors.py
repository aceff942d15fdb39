"""Errors that end a command: one sentence, without a traceback."""

from __future__ import annotations


class AutomationError(Exception):
    """A command failed; the message says why, and what to do."""

    @property
    def output(self) -> str:
        """The text for a comment or a summary."""
        return str(self)


class ProgramError(AutomationError):
    """A program that a command ran failed; the message has its output."""

    def __init__(self, command: str, code: int, output: str, *, displayed: bool = False) -> None:
        summary = f"`{command}` ended with exit code {code}"
        self._output = output
        self.not_displayed = summary if displayed else f"{summary}:\n{output}"
        """The part of the message that was not displayed yet."""
        super().__init__(f"{summary}:\n{output}")

    @property
    def output(self) -> str:
        """The program's own output."""
        return self._output


class LockedError(AutomationError):
    """Another update of the stack is under way, or was interrupted."""
