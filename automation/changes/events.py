"""Reads the events that Pulumi's engine writes during an operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from automation.changes.model import KINDS, Change, Changes, Difference, Kind, parse_path
from policies.engine import SIGNATURE, UNKNOWN_MARKERS

Document = Mapping[str, Any]
"""A line of the event log: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go"""

_KIND_OF: Final[Mapping[str, Kind]] = {
    **{kind: kind for kind in KINDS},
    "create-replacement": "replace",
    "delete-replaced": "replace",
}
_STACK: Final = "pulumi:pulumi:Stack"
_NOT_SHOWN: Final = (_STACK, "pulumi:pulumi:StackReference")
_PROVIDER: Final = "pulumi:providers:"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- how Pulumi marks one
_KNOWN_LATER: Final = "(known after apply)"
_MAXIMUM_BEFORE_UNKNOWN: Final = 80
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w$-]*")


@dataclass(frozen=True)
class Events:
    """The events of one operation."""

    documents: Sequence[Document] = ()

    def changes(self, *, refreshed: bool = False) -> Changes:
        """Return the changes of an update, or those that a refresh detected."""
        changes: dict[str, Change] = {}
        # What a refresh reads is in the events after each step.
        for step in self._all("resOutputsEvent" if refreshed else "resourcePreEvent"):
            metadata = step["metadata"]
            urn, token, kind = metadata["urn"], metadata["type"], _KIND_OF.get(metadata["op"])
            if kind is None or token in _NOT_SHOWN:
                continue
            both = metadata.get("old") and metadata.get("new")
            differences = tuple(_differences(metadata)) if both and kind in ("update", "replace") else ()
            if not differences and kind == "replace" and urn in changes:
                # Only one of the three steps of a replacement has the differences.
                differences = changes[urn].differences
            # A refresh also reads components and providers, which exist only in the state.
            if not refreshed or (differences and not token.startswith(_PROVIDER)) or kind == "delete":
                changes[urn] = Change(kind=kind, urn=urn, type=token, differences=differences)
        ordered = sorted(
            changes.values(), key=lambda item: (KINDS.index(item.kind), item.type, item.name, item.urn)
        )
        same = sum(event["resourceChanges"].get("same", 0) for event in self._all("summaryEvent"))
        return Changes(changes=tuple(ordered), same=same)

    @property
    def before(self) -> list[Document]:
        """The resources in the state before the operation."""
        return self._states("old")

    @property
    def after(self) -> list[Document]:
        """The planned resources after the operation."""
        return self._states("new")

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs after an update, with [secret] for those that are secret."""
        outputs: dict[str, Any] = {}
        for step in self._all("resOutputsEvent"):
            new: dict[str, Any] = step["metadata"].get("new") or {}
            if step["metadata"]["type"] == _STACK:
                outputs |= new.get("outputs") or {}
        return {name: _plain(value) for name, value in outputs.items()}

    @property
    def errors(self) -> list[str]:
        """The messages of the errors."""
        events = self._all("diagnosticEvent")
        return [event["message"].rstrip() for event in events if event["severity"] == "error"]

    def _states(self, side: str) -> list[Document]:
        steps = [step["metadata"] for step in self._all("resourcePreEvent")]
        states = ((step["urn"], step.get(side)) for step in steps)
        # The last step of a replacement deletes what the first one has replaced, and marks it.
        return list({urn: state for urn, state in states if state and not state.get("delete")}.values())

    def _all(self, kind: str) -> Iterator[dict[str, Any]]:
        return (document[kind] for document in self.documents if kind in document)


def read(path: Path) -> Events:
    """Return the events in a log, which has a JSON document on each line."""
    documents: list[Document] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        # The last line is truncated if the CLI was killed.
        with suppress(ValueError):
            documents.append(json.loads(line))
    return Events(documents)


def _differences(metadata: Document) -> Iterator[Difference]:
    states: list[dict[str, Any]] = [metadata["old"], metadata["new"]]
    inputs: list[dict[str, Any]] = [state.get("inputs") or {} for state in states]
    outputs: list[dict[str, Any]] = [state.get("outputs") or {} for state in states]
    # If the provider names no properties, the inputs are compared. Outputs that AWS adds, such as the
    # policies of a role, differ after each first update.
    paths: Iterable[str] = metadata.get("detailedDiff") or metadata.get("diffs") or {*inputs[0], *inputs[1]}
    for path in sorted(paths):
        if path.startswith("__"):
            continue
        old, new = (_at({**output, **own}, path) for output, own in zip(outputs, inputs, strict=True))
        if old == new and outputs[1]:
            # Some providers read outputs only, and keep the inputs.
            old, new = (_at(output, path) for output in outputs)
        yield from _nested_differences(path, old, new)


def _nested_differences(path: str, old: Any, new: Any) -> Iterator[Difference]:
    """Yield the differences of two values, as deeply nested as possible, also within JSON text."""
    if old == new:
        return
    pair = [_as_dictionary(_parsed(value)) for value in (old, new)]
    if all(isinstance(value, dict) for value in pair) and pair[0] != pair[1]:
        before, after = cast("list[dict[Any, Any]]", pair)
        for key in sorted({*before, *after}, key=lambda key: (isinstance(key, str), key)):
            yield from _nested_differences(path + _step(key), before.get(key), after.get(key))
    else:
        shown, new_shown = _shown(old), _shown(new)
        if new_shown == _KNOWN_LATER and shown is not None and len(shown) > _MAXIMUM_BEFORE_UNKNOWN:
            shown = f"{shown[: _MAXIMUM_BEFORE_UNKNOWN - 1]}…"
        yield Difference(path=path, old=shown, new=new_shown)


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _as_dictionary(value: Any) -> Any:
    """Return a list as a dictionary: by the names of its items if all have one, else by index."""
    if isinstance(value, dict) and SIGNATURE in value:
        return None
    if not isinstance(value, list):
        return cast("Any", value)
    items = cast("list[Any]", value)
    names = [cast("dict[str, Any]", item).get("name") if isinstance(item, dict) else None for item in items]
    if all(isinstance(name, str) for name in names) and len({*names}) == len(items):
        return dict(zip(names, items, strict=True))
    return dict(enumerate(items))


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"


def _at(value: Any, path: str) -> Any:
    try:
        for step in parse_path(path):
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return None
    return value


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    plain = _plain(value)
    if isinstance(plain, str) and plain.isprintable():
        return plain
    return json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _KNOWN_LATER if value in UNKNOWN_MARKERS else value
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        if items.get(SIGNATURE) == _SECRET:
            return "[secret]"
        return {key: _plain(item) for key, item in items.items()}
    return value
