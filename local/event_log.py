"""Writes down what a run does, in the form of Pulumi's own engine events, for programs to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from local.display import displayable
from local.engine.errors import EngineError
from local.engine.events import Change, Event, Operation

_STEPS: Final[frozenset[Operation]] = frozenset({"same", "create", "update", "replace", "delete", "refresh"})


class EventLog:
    """One JSON document on each line, as `pulumi preview --event-log` writes them."""

    def __init__(self, path: Path) -> None:
        try:
            self._out: TextIO = path.open("w", encoding="utf-8")
        except OSError as error:
            raise EngineError(f"--event-log {path} cannot be written: {error.strerror}") from error

    def listen(self, event: Event) -> None:
        """Take one event of the engine; what is no resource's step is left out, as is what only reads."""
        if event.phase != "done" or event.operation not in _STEPS:
            return
        refreshed = event.operation == "refresh"
        gone = refreshed and isinstance(event.changes.get("id"), Change) and event.changes["id"].new is None
        metadata = {
            "op": ("delete" if gone else "update") if refreshed else event.operation,
            "urn": event.urn,
            "type": event.type,
            "provider": "",
            "old": _state(event, {key: change.old for key, change in event.changes.items()}),
            "new": None
            if gone
            else _state(event, {key: change.new for key, change in event.changes.items()}),
            "detailedDiff": {key: _difference(change) for key, change in event.changes.items()},
        }
        # As the CLI does: a refresh knows what has become of a resource only afterwards.
        kind = "resOutputsEvent" if refreshed else "resourcePreEvent"
        print(json.dumps({kind: {"metadata": metadata}}), file=self._out, flush=True)

    def close(self) -> None:
        """Write no more."""
        self._out.close()


def _state(event: Event, values: Mapping[str, Any]) -> dict[str, Any]:
    shown = displayable(dict(values))
    return {
        "type": event.type,
        "urn": event.urn,
        "id": "",
        "parent": "",
        "provider": "",
        "inputs": shown,
        "outputs": shown,
    }


def _difference(change: Change) -> dict[str, Any]:
    return {"diffKind": "update-replace" if change.replaces else "update", "inputDiff": True}
