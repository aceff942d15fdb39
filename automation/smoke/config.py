"""The configuration of the stack that is made to be thrown away."""

from __future__ import annotations

from typing import Any, Final

from automation.stack_files import Derived

STACK: Final = "smoke"
BASE: Final = "dev"

_LEFT_OUT: Final = frozenset(
    {
        "autoscaling",
        "domain",
        "monthly-budget-usd",
        "multidev",
        "preview-stacks",
        "protect",
        "repository",
        "zone",
    }
)
"""A domain takes a hosted zone and minutes for its certificate, copies cost and show nothing new, and at
night the stack is not to sleep."""

_BROKEN: Final = ["node", "-e", "console.error('broken on purpose'); process.exit(3)"]


def write(file: Derived, *, region: str | None, broken: bool = False) -> None:
    """Write the configuration: that of dev, without a domain.

    Args:
        file: where, and from what.
        region: another one than dev's.
        broken: whether the app shall end as soon as it starts.
    """
    changes: dict[str, Any] = {}
    if region is not None:
        changes["aws:region"] = region
    if broken:
        changes[f"{file.project}:command"] = _BROKEN
    file.write(left_out=_LEFT_OUT, changes=changes, command="python -m automation aws-smoke")
