"""The resources that a stack has now, by its state: what `pulumi stack export` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from automation.cost.resources import Resource, Stack
from automation.errors import AutomationError

_PROVIDER: Final = "pulumi:providers:aws"
_HOW: Final = "`pulumi stack export --file` writes it"


def read_export(path: Path) -> Stack:
    """Read a stack from a file of `pulumi stack export`, or from a state file of Pulumi's file backend.

    Raises:
        AutomationError: it cannot be read, is something else, or names no region.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AutomationError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise AutomationError(f"{path} is not valid JSON ({error}): {_HOW}") from error
    return stack_of(document, origin=str(path), name=path.stem)


def stack_of(document: object, *, origin: str, name: str) -> Stack:
    """Return the stack that an export holds.

    Args:
        document: the export, or a state file of the file backend.
        origin: where the document is from, for messages.
        name: the stack's, where the document has no resource that names it.

    Raises:
        AutomationError: the document is something else, or names no region.
    """
    states = _states(document)
    if states is None:
        raise AutomationError(f"{origin} is not the export of a stack: {_HOW}")
    alive = [state for state in states if not state.get("delete")]
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


def _states(document: object) -> list[Mapping[str, Any]] | None:
    if not isinstance(document, dict):
        return None
    fields = cast("dict[str, Any]", document)
    # The file backend's own form, or that of the export.
    latest = cast("dict[str, Any]", fields.get("checkpoint") or {}).get("latest")
    deployment: object = latest or fields.get("deployment")
    if not isinstance(deployment, dict):
        return None
    # A destroyed stack has none.
    resources: Any = cast("dict[str, Any]", deployment).get("resources") or []
    return cast("list[Mapping[str, Any]]", resources) if isinstance(resources, list) else None


def _counts(state: Mapping[str, Any]) -> bool:
    # What the stack only reads, another one pays for.
    return bool(state.get("custom")) and not state.get("external") and not state["type"].startswith("pulumi:")


def _resource(state: Mapping[str, Any]) -> Resource:
    known = {**state.get("inputs", {}), **state.get("outputs", {})}
    return Resource(
        type=state["type"],
        name=state["urn"].rpartition("::")[2],
        properties={key: value for key, value in known.items() if value is not None},
    )
