"""Parts of running tasks that MiniStack lacks, added in its process.

They wrap private functions of MiniStack; a test checks that these exist with the expected parameters.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def ministack(module: str) -> Any:
    """Return a module of MiniStack, which is untyped."""
    return import_module(f"ministack.{module}")


def own_labels() -> dict[str, str]:
    """Return the labels of everything that belongs to this emulator's tasks."""
    return ministack("core.container_reaper").own_labels("ecs")


def instance() -> str:
    """Return the name of this emulator as a prefix for names of volumes and networks."""
    return own_labels()["ministack.instance"].replace(":", "-")
