"""Shows a run as it goes: plain lines, colours on a terminal, a summary like Pulumi's."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, TextIO, cast

from local.engine import wire
from local.engine.events import Change, Event, Operation, name_of
from local.resources.base import Unknown

_SIGNS: Final[Mapping[Operation, str]] = {
    "create": "+",
    "update": "~",
    "replace": "±",
    "delete": "-",
    "same": " ",
    "read": ">",
    "refresh": "~",
    "hook": "·",
}
_COLOURS: Final[Mapping[Operation, int]] = {
    "create": 32,
    "update": 33,
    "replace": 35,
    "delete": 31,
    "refresh": 36,
}
_DOING: Final[Mapping[Operation, str]] = {
    "create": "creating",
    "update": "updating",
    "replace": "replacing",
    "delete": "deleting",
}
_DONE: Final[Mapping[Operation, str]] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "read": "read",
}
_PLANNED: Final[Mapping[Operation, str]] = {
    "create": "create",
    "update": "update",
    "replace": "replace",
    "delete": "delete",
    "read": "read",
}
_WORTH_ANNOUNCING_SECONDS: Final = 1.0
_LONGEST_VALUE: Final = 60
_RED, _BOLD, _DIM = 31, 1, 2


class Display:
    """Listens to a run and prints it."""

    def __init__(self, *, dry_run: bool, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._dry_run = dry_run
        self._colour = self._out.isatty() and "NO_COLOR" not in os.environ
        self._began = time.monotonic()
        self._counts: Counter[Operation] = Counter()
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Timer] = {}

    def listen(self, event: Event) -> None:
        """Take one event of the engine."""
        with self._lock:
            match event.phase:
                case "begin":
                    self._announce_if_slow(event)
                case "progress":
                    self._print(self._paint(_DIM, f"    {name_of(event.urn)}: {event.message}"))
                case "failed":
                    self._forget(event)
                    self._print(self._paint(_RED, f" ! {_title(event)} failed: {event.message}"))
                case "done":
                    self._forget(event)
                    self._show_done(event)

    def log(self, severity: str, message: str) -> None:
        """Take a line that the program logs."""
        if severity != "debug":
            self._print(self._paint(_RED, message) if severity == "error" else message)

    def say(self, message: str) -> None:
        """Print a line of the runner's own."""
        self._print(self._paint(_BOLD, message))

    def summary(self, outputs: Mapping[str, Any]) -> None:
        """Print the stack's outputs, what was done, and how long it took."""
        if outputs:
            self._print(self._paint(_BOLD, "\nOutputs:"))
            width = max(map(len, outputs))
            for key in sorted(outputs):
                self._print(f"    {key:<{width}} : {shown(outputs[key], longest=None)}")
        self._print(self._paint(_BOLD, "\nResources:"))
        for operation, words in (_PLANNED if self._dry_run else _DONE).items():
            if self._counts[operation]:
                sign = self._paint(_COLOURS.get(operation, 0), _SIGNS[operation])
                self._print(f"    {sign} {self._counts[operation]} {'to ' if self._dry_run else ''}{words}")
        if self._counts["same"]:
            self._print(f"    {self._counts['same']} unchanged")
        self._print(f"\nDuration: {time.monotonic() - self._began:.1f} s")

    def _announce_if_slow(self, event: Event) -> None:
        # Most operations take milliseconds: a line when one begins would only repeat the one when it ends.
        timer = threading.Timer(_WORTH_ANNOUNCING_SECONDS, self._announce, [event])
        timer.daemon = True
        self._under_way[event.urn] = timer
        timer.start()

    def _announce(self, event: Event) -> None:
        sign = self._paint(_COLOURS.get(event.operation, 0), _SIGNS[event.operation])
        self._print(f" {sign} {_title(event)} {_DOING.get(event.operation, event.operation)} …")

    def _forget(self, event: Event) -> None:
        timer = self._under_way.pop(event.urn, None)
        if timer is not None:
            timer.cancel()

    def _show_done(self, event: Event) -> None:
        if event.operation == "refresh":
            self._show_drift(event)
            return
        if event.component and event.operation == "delete":
            return
        self._counts[event.operation] += 1
        if event.operation == "same" or (event.component and not self._dry_run):
            return
        words = (
            _PLANNED[event.operation]
            if self._dry_run
            else f"{_DONE[event.operation]} ({event.seconds:.1f} s)"
        )
        sign = self._paint(_COLOURS.get(event.operation, 0), _SIGNS[event.operation])
        self._print(f" {sign} {_title(event)} {words}")
        for key, change in event.changes.items():
            self._print(_line_of(key, change))

    def _show_drift(self, event: Event) -> None:
        sign = self._paint(_COLOURS["refresh"], "~")
        if isinstance(event.changes.get("id"), Change) and event.changes["id"].new is None:
            self._print(f" {sign} {_title(event)} is gone: it was deleted by hand and will be made anew")
            return
        self._print(f" {sign} {_title(event)} was changed by hand")
        for key, change in event.changes.items():
            self._print(_line_of(key, change))

    def _paint(self, colour: int, text: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colour and colour else text

    def _print(self, line: str) -> None:
        print(line, file=self._out, flush=True)


def _title(event: Event) -> str:
    kind = event.type
    package, _, rest = kind.partition(":")
    module, _, cls = rest.partition(":")
    module = module.split("/", 1)[0]
    short = f"{package}:{cls}" if module in ("", "index") else f"{package}:{module}:{cls}"
    return f"{short} {name_of(event.urn)}"


def _line_of(key: str, change: Change) -> str:
    forced = "  (needs a new one)" if change.replaces else ""
    return f"      {key}: {shown(change.old)} → {shown(change.new)}{forced}"


def shown(value: Any, *, longest: int | None = _LONGEST_VALUE) -> str:
    """A value on one line, unknowns and secrets by their names, cut where it is longer than `longest`."""
    if isinstance(value, Unknown):
        return "computed"
    text = value if isinstance(value, str) else json.dumps(displayable(value), ensure_ascii=False)
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"


def displayable(value: Any) -> Any:
    """A value with words for what is unknown or secret in it."""
    if isinstance(value, Unknown):
        return "computed"
    if wire.is_secret(value):
        return "[secret]"
    if isinstance(value, Mapping):
        return {key: displayable(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [displayable(item) for item in cast("list[Any]", value)]
    return value
