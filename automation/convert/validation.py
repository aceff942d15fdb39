"""Removes from a converted configuration what the settings do not accept."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from automation.convert.report import Report
from automation.errors import AutomationError
from infra.settings import SettingsError, parse
from infra.settings.faults import Fault

_MOST_ROUNDS: Final = 50
_IMAGE: Final = ("image", "app-path", "dockerfile", "build-target")


def remove_invalid(config: Mapping[str, Any], report: Report, *, project: str, stack: str) -> dict[str, Any]:
    """Return a configuration without the values that the settings do not accept.

    Args:
        config: by key, without the project's prefix.
        report: gets a note for each value that is left out.
        project: the project's name.
        stack: the stack's name.

    Raises:
        AutomationError: leaving values out does not make it valid.
    """
    config = copy.deepcopy(dict(config))
    for _ in range(_MOST_ROUNDS):
        named = {key if ":" in key else f"{project}:{key}": value for key, value in config.items()}
        try:
            parse(named, project=project, stack=stack)
        except SettingsError as error:
            if not any(_leave_out(config, fault, report) for fault in error.faults):
                listed = "; ".join(fault.line() for fault in error.faults)
                raise AutomationError(f"the stack file for {stack} would not be valid: {listed}") from None
        else:
            return config
    raise AutomationError(f"the stack file for {stack} would not be valid: too many values are refused")


def _leave_out(config: dict[str, Any], fault: Fault, report: Report) -> bool:
    """Remove the value that a fault is about, or the innermost object around it; whether there was one."""
    # Without its own image a service would run that of another one.
    if fault.path[-1] in _IMAGE:
        return False
    for length in range(len(fault.path), 0, -1):
        if _remove(config, fault.path[:length]):
            name = fault.line().removesuffix(f": {fault.allowed}")
            report.missing(name, f"left out, since it must be {fault.allowed}")
            return True
    return False


def _remove(config: dict[str, Any], path: Sequence[str | int]) -> bool:
    """Remove a value, and a list with its last item."""
    *outer, last = path
    values: Any = config
    try:
        for part in outer:
            values = values[part]
        if isinstance(values, list) and len(cast("list[Any]", values)) == 1 and last == 0:
            return _remove(config, outer)
        cast("dict[str | int, Any]", values).pop(last)
    except (KeyError, IndexError, TypeError):
        return False
    return True
