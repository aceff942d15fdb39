"""The configuration of the stack that `aws-smoke` creates and destroys."""

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
"""A domain needs a hosted zone and minutes for its certificate, copies cost without showing anything new, and
a schedule might scale to 0."""

_BROKEN: Final = ["node", "-e", "console.error('broken on purpose'); process.exit(3)"]


def write(file: Derived, *, region: str | None, broken: bool = False) -> None:
    """Write the configuration: dev's, without a domain.

    Args:
        file: the path and the base.
        region: instead of dev's.
        broken: whether the app exits as soon as it starts.
    """
    changes: dict[str, Any] = {}
    if region is not None:
        changes["aws:region"] = region
    if broken:
        changes[f"{file.project}:command"] = _BROKEN
    file.write(left_out=_LEFT_OUT, changes=changes, command="python -m automation aws-smoke")
