"""Reads the events that Pulumi's engine writes during an operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from automation.changes.model import KINDS, Change, Changes, Difference, Kind
from automation.changes.property_path import parse
from policies.engine import SIGNATURE, UNKNOWN_MARKERS

Document = Mapping[str, Any]
"""A line of the event log: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go"""

_KIND_OF: Final[Mapping[str, Kind]] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
}
_STACK: Final = "pulumi:pulumi:Stack"
_NOT_SHOWN: Final = (_STACK, "pulumi:pulumi:StackReference")
_PROVIDER: Final = "pulumi:providers:"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- how Pulumi marks one
_LATER: Final = "(known after apply)"
_LONGEST_BEFORE_UNKNOWN: Final = 80
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w$-]*")


@dataclass(frozen=True)
class Events:
    """The events of one operation."""

    documents: Sequence[Document] = ()

    def changes(self, *, refreshed: bool = False) -> Changes:
        """Return the changes; those of a refresh are in the events after each step."""
        found: dict[str, Change] = {}
        for step in self._all("resOutputsEvent" if refreshed else "resourcePreEvent"):
            metadata = step["metadata"]
            urn, token, kind = metadata["urn"], metadata["type"], _KIND_OF.get(metadata["op"])
            if kind is None or token in _NOT_SHOWN:
                continue
            both = metadata.get("old") and metadata.get("new")
            differences = tuple(_differences(metadata)) if both and kind in ("update", "replace") else ()
            if not differences and kind == "replace" and urn in found:
                # A replacement has three steps, of which one has the differences.
                differences = found[urn].differences
            # A refresh reads components and providers, too, which exist only in the state.
            if not refreshed or (differences and not token.startswith(_PROVIDER)) or kind == "delete":
                found[urn] = Change(kind=kind, urn=urn, type=token, differences=differences)
        ordered = sorted(found.values(), key=lambda one: (KINDS.index(one.kind), one.type, one.name, one.urn))
        same = sum(one["resourceChanges"].get("same", 0) for one in self._all("summaryEvent"))
        return Changes(changes=tuple(ordered), same=same)

    @property
    def before(self) -> list[Document]:
        """The resources that the state had when the operation began, each once."""
        steps = [step["metadata"] for step in self._all("resourcePreEvent")]
        return list({step["urn"]: step["old"] for step in steps if step.get("old")}.values())

    @property
    def after(self) -> list[Document]:
        """The resources that the stack is to have when the operation is done, each once."""
        steps = [step["metadata"] for step in self._all("resourcePreEvent")]
        return list({step["urn"]: step["new"] for step in steps if step.get("new")}.values())

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs after an update, with [secret] for those that are secret."""
        found: dict[str, Any] = {}
        for step in self._all("resOutputsEvent"):
            new: dict[str, Any] = step["metadata"].get("new") or {}
            if step["metadata"]["type"] == _STACK:
                found |= new.get("outputs") or {}
        return {name: _plain(value) for name, value in found.items()}

    @property
    def errors(self) -> list[str]:
        """The messages of errors, as they were displayed."""
        found = self._all("diagnosticEvent")
        return [one["message"].rstrip() for one in found if one["severity"] == "error"]

    def _all(self, kind: str) -> Iterator[dict[str, Any]]:
        return (document[kind] for document in self.documents if kind in document)


def read(path: Path) -> Events:
    """Return the events of a log: a JSON document on each line."""
    documents: list[Document] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        # The process that writes it may have been killed: the last line may be truncated.
        with suppress(ValueError):
            documents.append(json.loads(line))
    return Events(documents)


def _differences(metadata: Document) -> Iterator[Difference]:
    states: list[dict[str, Any]] = [metadata["old"], metadata["new"]]
    inputs: list[dict[str, Any]] = [state.get("inputs") or {} for state in states]
    outputs: list[dict[str, Any]] = [state.get("outputs") or {} for state in states]
    # Without names from the provider the inputs are compared. What AWS adds by itself, such as the policies
    # of a role, differs after every first update and is no change.
    paths: Iterable[str] = metadata.get("detailedDiff") or metadata.get("diffs") or {*inputs[0], *inputs[1]}
    for path in sorted(paths):
        if path.startswith("__"):
            continue
        old, new = (_at({**out, **given}, path) for out, given in zip(outputs, inputs, strict=True))
        if old == new and outputs[1]:
            # Some providers read outputs back, and leave the inputs as they were.
            old, new = (_at(out, path) for out in outputs)
        yield from _leaves(path, old, new)


def _leaves(path: str, old: Any, new: Any) -> Iterator[Difference]:
    """Yield what differs, as deep in it as both sides have the same form, also in JSON."""
    if old == new:
        return
    pair = [_by_key(_parsed(value)) for value in (old, new)]
    if all(isinstance(value, dict) for value in pair) and pair[0] != pair[1]:
        one, other = cast("list[dict[Any, Any]]", pair)
        for key in sorted({*one, *other}, key=lambda key: (isinstance(key, str), key)):
            yield from _leaves(path + _step(key), one.get(key), other.get(key))
    else:
        before, after = _shown(old), _shown(new)
        if after == _LATER and before is not None and len(before) > _LONGEST_BEFORE_UNKNOWN:
            # Where they differ is not known yet.
            before = f"{before[: _LONGEST_BEFORE_UNKNOWN - 1]}…"
        yield Difference(path=path, old=before, new=after)


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _by_key(value: Any) -> Any:
    """Return a list as a dictionary: by the names of its items where they have some, else by index."""
    if isinstance(value, dict) and SIGNATURE in value:
        return None
    if not isinstance(value, list):
        return cast("Any", value)
    items = cast("list[Any]", value)
    names = [cast("dict[str, Any]", one).get("name") if isinstance(one, dict) else None for one in items]
    if all(isinstance(name, str) for name in names) and len({*names}) == len(items):
        return dict(zip(names, items, strict=True))
    return dict(enumerate(items))


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"


def _at(value: Any, path: str) -> Any:
    try:
        for step in parse(path):
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
        return _LATER if value in UNKNOWN_MARKERS else value
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        if items.get(SIGNATURE) == _SECRET:
            return "[secret]"
        return {key: _plain(item) for key, item in items.items()}
    return value
