"""How the stack of a pull request is called."""

from __future__ import annotations

import re
from typing import Final

from automation.errors import AutomationError

DEFAULT_BASE: Final = "dev"

_NAME: Final = re.compile(r"pr-([1-9]\d{0,8})")


def is_preview(stack: str) -> bool:
    """Whether a stack is a pull request's, so that it may be made and removed."""
    return _NAME.fullmatch(stack) is not None


def number_of(stack: str) -> int:
    """Return the pull request's number.

    Raises:
        AutomationError: the stack is none of a pull request.
    """
    match = _NAME.fullmatch(stack)
    if match is None:
        raise AutomationError(f"{stack!r} is no stack of a pull request: those are called pr-<number>")
    return int(match[1])
