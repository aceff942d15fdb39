"""What stops a command, told in a sentence and without a traceback."""

from __future__ import annotations


class AutomationError(Exception):
    """A command cannot do what it is asked to; the message says why, and what to do."""
