"""The configuration of a pull request's stack: its base's, less what the two share."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

from automation.stack_files import Derived

_NOT_FOR_TRYING_OUT: Final = frozenset({"alarms", "autoscaling", "monthly-budget-usd"})
"""What the stack could have of its own, and goes without: without a word an attached stack has no alarms."""


def write(file: Derived, *, expires: datetime, shared: Collection[str]) -> None:
    """Write the configuration of a pull request's stack, or write it anew.

    Args:
        file: where, and from what.
        expires: when the stack's time is up.
        shared: keys that belong to the base, by its settings.

    Raises:
        AutomationError: the base has no configuration, or one whose secrets nobody else can open.
    """
    changes = {"attach-to": file.base, "expires": written(expires)}
    file.write(
        left_out=_NOT_FOR_TRYING_OUT | set(shared),
        changes={f"{file.project}:{key}": value for key, value in changes.items()},
        command=f"python -m automation up {file.stack}",
    )


def written(expires: datetime) -> str:
    """Return a time as `expires` has it."""
    return f"{expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
