"""The names of pull requests' stacks."""

from __future__ import annotations

import re
from typing import Final

from automation.errors import AutomationError

DEFAULT_BASE: Final = "dev"
"""The stack that they attach to by default."""

_NAME: Final = re.compile(r"pr-([1-9]\d{0,8})")


def is_preview(stack: str) -> bool:
    """Return whether a stack is a pull request's; no others are created and removed here."""
    return _NAME.fullmatch(stack) is not None


def number_of(stack: str) -> int:
    """Return the number of a stack's pull request.

    Raises:
        AutomationError: the stack is not a pull request's.
    """
    match = _NAME.fullmatch(stack)
    if match is None:
        raise AutomationError(f"{stack!r} is not a pull request's stack: those are called pr-<number>")
    return int(match[1])
