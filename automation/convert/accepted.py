"""Only what the settings accept is written: what they refuse becomes a note."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final, cast

from automation.convert.report import Place
from automation.errors import AutomationError
from infra.settings import SettingsError, parse
from infra.settings.faults import Fault

_MOST_ROUNDS: Final = 50
_IMAGE: Final = ("image", "app-path", "dockerfile", "build-target")


def accepted(config: Mapping[str, Any], place: Place, *, project: str, stack: str) -> dict[str, Any]:
    """Return a configuration without what the settings refuse.

    Args:
        config: by key, without the project's prefix.
        place: where what was left out is noted.
        project: the project's name.
        stack: the stack's name.

    Raises:
        AutomationError: something is wrong that is not mended by leaving a value out.
    """
    config = copy.deepcopy(dict(config))
    for _ in range(_MOST_ROUNDS):
        raw = {key if ":" in key else f"{project}:{key}": value for key, value in config.items()}
        try:
            parse(raw, project=project, stack=stack)
        except SettingsError as error:
            if not any(_leave_out(config, fault, place) for fault in error.faults):
                listed = "; ".join(fault.line() for fault in error.faults)
                raise AutomationError(f"no stack file can be made of it for {stack}: {listed}") from None
        else:
            return config
    raise AutomationError(f"no stack file can be made of it for {stack}: too much is refused")


def _leave_out(config: dict[str, Any], fault: Fault, place: Place) -> bool:
    """Take out the value that a fault is about; whether there was one."""
    path = list(fault.path)
    if path[-1] in _IMAGE:
        # Without it the service would run another image.
        return False
    while path:
        if _remove(config, path):
            place.missing(fault.line().partition(": ")[0], f"left out, for it must be {fault.allowed}")
            return True
        path.pop()
    return False


def _remove(values: dict[str, Any], path: list[str | int]) -> bool:
    here: Any = values
    for part in path[:-1]:
        here = _inside(here, part)
    last = path[-1]
    if isinstance(here, list) and len(path) > 1 and len(cast("list[Any]", here)) == 1 and last == 0:
        return _remove(values, path[:-1])
    if isinstance(here, dict) and last in here:
        del cast("dict[str | int, Any]", here)[last]
        return True
    if isinstance(here, list) and isinstance(last, int) and last < len(cast("list[Any]", here)):
        del cast("list[Any]", here)[last]
        return True
    return False


def _inside(here: Any, part: str | int) -> Any:
    if isinstance(here, dict):
        return cast("dict[str | int, Any]", here).get(part)
    if isinstance(here, list) and isinstance(part, int) and part < len(cast("list[Any]", here)):
        return cast("list[Any]", here)[part]
    return None
