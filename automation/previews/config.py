"""The configuration of a pull request's stack: its base's, less what the two share."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final

from automation.stack_files import Derived

_OF_THE_BASE_ALONE: Final = frozenset(
    {
        "alarms",
        "autoscaling",
        "image-from",
        "monthly-budget-usd",
        "multidev",
        "preview-stacks",
        "protect",
        "rollout",
    }
)
"""What a copy of a service that somebody tries out goes without, though it could have it."""


def write(file: Derived, *, expires: datetime, shared: Collection[str]) -> None:
    """Write the configuration of a pull request's stack, or write it anew.

    Args:
        file: where, and from what.
        expires: when the stack's time is up.
        shared: keys that belong to the base, by its settings.

    Raises:
        AutomationError: the base has no configuration, or one whose secrets nobody else can open.
    """
    changes: dict[str, Any] = {"attach-to": file.base, "expires": written(expires)}
    if "alarms" not in shared:
        # Without a word there would be some.
        changes["alarms"] = {"enabled": False}
    file.write(
        left_out=_OF_THE_BASE_ALONE | set(shared),
        changes={f"{file.project}:{key}": value for key, value in changes.items()},
        command=f"python -m automation up {file.stack}",
    )


def written(expires: datetime) -> str:
    """Return a time as `expires` has it."""
    return f"{expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
