"""The resources that a stack has now, by its state: what `pulumi stack export` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from automation.cost.resources import Resource, Stack
from automation.errors import AutomationError

_PROVIDER: Final = "pulumi:providers:aws"
_HOW: Final = "`pulumi stack export --file` writes it"


def read_export(path: Path) -> Stack:
    """Read a stack from a file of `pulumi stack export`.

    Raises:
        AutomationError: it cannot be read, is something else, or names no region.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AutomationError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise AutomationError(f"{path} is not valid JSON ({error}): {_HOW}") from error
    try:
        # A destroyed stack has none.
        resources: list[Mapping[str, Any]] = document["deployment"].get("resources") or []
    except (AttributeError, KeyError, TypeError) as error:
        raise AutomationError(f"{path} is not the export of a stack: {_HOW}") from error
    return stack_of(resources, origin=str(path), name=path.stem)


def stack_of(resources: Sequence[Mapping[str, Any]], *, origin: str, name: str) -> Stack:
    """Return the stack that consists of these resources of a state.

    Args:
        resources: as an export has them.
        origin: where they are from, for messages.
        name: the stack's, where no resource names it.

    Raises:
        AutomationError: they name no region, or several.
    """
    alive = [state for state in resources if not state.get("delete")]
    regions = {
        str(state["inputs"]["region"])
        for state in alive
        if state.get("type") == _PROVIDER and state.get("inputs", {}).get("region")
    }
    if len(regions) > 1 or (not regions and alive):
        raise AutomationError(
            f"{origin}: its AWS providers name {', '.join(sorted(regions)) or 'no region'}; one is needed"
        )
    of_urn = str(next((state["urn"] for state in alive), "::")).split("::")[0].rpartition(":")[2]
    return Stack(
        of_urn or name,
        # Nothing costs nothing anywhere.
        next(iter(regions), ""),
        tuple(_resource(state) for state in alive if _counts(state)),
    )


def _counts(state: Mapping[str, Any]) -> bool:
    # What the stack only reads, another one pays for.
    return bool(state.get("custom")) and not state.get("external") and not state["type"].startswith("pulumi:")


def _resource(state: Mapping[str, Any]) -> Resource:
    known = {"id": state.get("id"), **state.get("inputs", {}), **state.get("outputs", {})}
    return Resource(
        type=state["type"],
        name=state["urn"].rpartition("::")[2],
        properties={key: value for key, value in known.items() if value is not None},
    )
