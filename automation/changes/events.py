"""Reads the events that Pulumi's engine writes while it works."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from pulumi.automation.events import EngineEvent, OpType, StepEventMetadata, StepEventStateMetadata

from automation.changes import property_path
from automation.changes.model import KINDS, Change, Changes, Difference, Kind

_KIND_OF: Final[Mapping[OpType, Kind]] = {
    OpType.CREATE: "create",
    OpType.UPDATE: "update",
    OpType.DELETE: "delete",
    OpType.REPLACE: "replace",
    OpType.CREATE_REPLACEMENT: "replace",
    OpType.DELETE_REPLACED: "replace",
}
_STACK: Final = "pulumi:pulumi:Stack"
_NONE_OF_THE_STACKS: Final = (_STACK, "pulumi:pulumi:StackReference")
_PROVIDERS: Final = "pulumi:providers:"
_UNKNOWN: Final = frozenset(
    {
        # What stands for a string, a boolean, a number, an array, an asset, an archive or an object that is
        # known only later: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- how Pulumi marks one
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w$-]*")
_LONGEST: Final = 80


@dataclass(frozen=True)
class Events:
    """What the engine tells of one operation."""

    documents: Sequence[dict[str, Any]] = ()

    def changes(self, *, refreshed: bool = False) -> Changes:
        """Return the changes; of a refresh they are known only after it has asked for each resource."""
        return changes_of(self.documents, refreshed=refreshed)

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs after an update, with [secret] for those that are secret."""
        found: dict[str, Any] = {}
        for document in self.documents:
            metadata: dict[str, Any] = document.get("resOutputsEvent", {}).get("metadata", {})
            if metadata.get("type") == _STACK:
                new: dict[str, Any] = metadata.get("new") or {}
                found |= new.get("outputs") or {}
        return {name: _plain(value) for name, value in found.items()}

    @property
    def errors(self) -> list[str]:
        """The messages of errors, as they were displayed."""
        found: Iterator[dict[str, Any]] = (one.get("diagnosticEvent", {}) for one in self.documents)
        return [one["message"].rstrip() for one in found if one.get("severity") == "error"]


def read(path: Path) -> Events:
    """Return what an event log holds: a JSON document on each line."""
    # It is written by a process that may have been killed: the last line may be half a one.
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return Events(tuple(_documents(lines)))


def changes_of(documents: Iterable[dict[str, Any]], *, refreshed: bool = False) -> Changes:
    """Return the changes that events tell of; each is one JSON document of the log."""
    found: dict[str, Change] = {}
    same: set[str] = set()
    for document in documents:
        event = _event(document)
        told = event.res_outputs_event if refreshed else event.resource_pre_event
        if told is None or told.metadata.type in _NONE_OF_THE_STACKS:
            continue
        metadata = told.metadata
        if metadata.op is OpType.SAME:
            same.add(metadata.urn)
        if (kind := _KIND_OF.get(metadata.op)) is None:
            continue
        if (
            refreshed
            and kind == "update"
            and (metadata.type.startswith(_PROVIDERS) or not any(_differences(metadata)))
        ):
            # Components are read back as well, which changes nothing, and a provider is only in the state.
            same.add(metadata.urn)
            continue
        # A replacement is told of in three steps, of which one has the difference.
        before = found.get(metadata.urn)
        differences = tuple(_differences(metadata)) or (before.differences if before else ())
        found[metadata.urn] = Change(
            kind=kind,
            urn=metadata.urn,
            type=metadata.type,
            differences=differences if kind in ("update", "replace") else (),
        )
    ordered = sorted(found.values(), key=lambda one: (KINDS.index(one.kind), one.type, one.name, one.urn))
    return Changes(changes=tuple(ordered), same=len(same - found.keys()))


def _event(document: dict[str, Any]) -> EngineEvent:
    # The SDK says `dict`, and of what it does not.
    from_json = cast("Callable[[dict[str, Any]], EngineEvent]", EngineEvent.from_json)  # pyright: ignore[reportUnknownMemberType]
    return from_json(document)


def _documents(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _differences(metadata: StepEventMetadata) -> Iterator[Difference]:
    paths = list(metadata.detailed_diff or {}) or list(metadata.diffs or ())
    states = (metadata.old, metadata.new)
    # Where the provider names nothing: what the program asks for. What AWS adds by itself, such as the
    # policies that a role has meanwhile, differs after every first update, and nobody did anything.
    asked = {key for state in states if state is not None for key in state.inputs or {}}
    for path in sorted(paths or asked):
        if path.startswith("__"):
            continue
        old, new = (_at(_values(state), path) for state in states)
        if old == new and metadata.new is not None and metadata.new.outputs:
            # Some providers read outputs back, and leave the inputs as they were.
            old, new = (_at((state.outputs if state else None) or {}, path) for state in states)
        yield from _leaves(path, old, new)


def _values(state: StepEventStateMetadata | None) -> Mapping[str, Any]:
    return {} if state is None else {**(state.outputs or {}), **(state.inputs or {})}


def _leaves(path: str, old: Any, new: Any) -> Iterator[Difference]:
    """Yield what differs, as deep in it as both sides have the same form."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        one, other = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        if _SIGNATURE not in one and _SIGNATURE not in other:
            for key in sorted({*one, *other}):
                step = f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"
                yield from _leaves(f"{path}{step}", one.get(key), other.get(key))
            return
    yield Difference(path=path, old=_shown(old), new=_shown(new))


def _at(value: Any, path: str) -> Any:
    try:
        steps = property_path.parse(path)
    except property_path.PropertyPathError:
        return None
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    plain = _plain(value)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return "computed" if value in _UNKNOWN else value
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        told = cast("dict[str, Any]", value)
        if told.get(_SIGNATURE) == _SECRET:
            return "[secret]"
        return {key: _plain(item) for key, item in told.items()}
    return value
