"""Parts of running tasks that MiniStack lacks, added in its own process.

This wraps private functions of MiniStack; a test checks that they exist, with these arguments.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def ministack(module: str) -> Any:
    """Return a module of MiniStack, which has no types."""
    return import_module(f"ministack.{module}")


def own_labels() -> dict[str, str]:
    """Return the labels of what belongs to this emulator's tasks."""
    return ministack("core.container_reaper").own_labels("ecs")


def instance() -> str:
    """Return the name of this emulator, as it may begin the name of a volume or network."""
    return own_labels()["ministack.instance"].replace(":", "-")
