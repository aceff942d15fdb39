"""What the program asks for, one resource at a time, freed from protobuf."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from local.engine import wire
from local.engine.errors import EngineError, UnsupportedError
from local.engine.state import STACK_TYPE
from local.resources.base import Properties

_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")


_HOOKS: Final = {
    f"{when}_{what}": f"{when.title()}{what.title()}"
    for what in ("create", "update", "delete")
    for when in ("before", "after")
}
"""The checkpoint's names of the hooks, by the protocol's."""


@dataclass(frozen=True)
class Goal:
    """A resource as the program wants it."""

    urn: str
    type: str
    name: str
    custom: bool
    remote: bool = False
    inputs: Properties = field(default_factory=dict[str, Any])
    parent: str = ""
    provider: str = ""
    protect: bool = False
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    delete_before_replace: bool | None = None
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: tuple[str, ...] = ()
    custom_timeouts: Properties = field(default_factory=dict[str, Any])
    hooks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    providers: dict[str, str] = field(default_factory=dict[str, str])


def urn_of(stack: str, project: str, parent: str, token: str, name: str) -> str:
    """Pulumi's URN: the types of the parents, but for the stack's, stand before the resource's own."""
    qualified = token
    if parent:
        parent_type = parent.split("::")[2]
        if parent_type != STACK_TYPE:
            qualified = f"{parent_type}${token}"
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def goal_of(request: Any, *, stack: str, project: str, parent: Goal | None) -> Goal:
    """Read a registration.

    Raises:
        UnsupportedError: it asks for something that this engine does not do, by name.
    """
    refused = {
        "import": request.importId,
        "replacement_trigger": request.HasField("replacement_trigger"),
        "package reference": request.packageRef,
        "state migration": request.state_migrations,
        "error hook": request.hooks.on_error,
        "hooks of components": not request.custom and request.HasField("hooks") and request.hooks.ByteSize(),
    }
    for what, asked in refused.items():
        if asked:
            raise UnsupportedError(
                f"{request.type} {request.name}: the local run does not do {what}; use the Pulumi CLI"
            )
    timeouts = {
        operation: _seconds(getattr(request.customTimeouts, operation))
        for operation in ("create", "update", "delete", "read")
        if getattr(request.customTimeouts, operation)
    }
    inputs = wire.decode(request.object)
    comes_from = {key: sorted(value.urns) for key, value in request.propertyDependencies.items()}
    return Goal(
        urn=urn_of(stack, project, request.parent, request.type, request.name),
        type=request.type,
        name=request.name,
        custom=request.custom,
        remote=request.remote,
        inputs=inputs,
        parent=request.parent,
        provider=request.provider or _inherited_provider(request, parent),
        protect=request.protect if request.HasField("protect") else bool(parent and parent.protect),
        dependencies=tuple(sorted(request.dependencies)),
        # What a transform added comes from nowhere, and is noted all the same.
        property_dependencies={key: comes_from.get(key, []) for key in sorted(inputs.keys() | comes_from)},
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        aliases=_alias_urns(request, stack, project, parent.aliases if parent else ()),
        retain_on_delete=request.retainOnDelete
        if request.HasField("retainOnDelete")
        else bool(parent and parent.retain_on_delete),
        deleted_with=request.deletedWith or (parent.deleted_with if parent else ""),
        replace_with=tuple(request.replace_with),
        custom_timeouts=timeouts,
        providers=dict(request.providers),
        hooks={
            name: list(getattr(request.hooks, field))
            for field, name in _HOOKS.items()
            if getattr(request.hooks, field)
        },
    )


def _seconds(duration: str) -> float:
    """Seconds of a duration as Go spells it: `1h30m`, `90s`.

    Raises:
        EngineError: it is none.
    """
    parts = _DURATION_PART.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise EngineError(f"custom timeout {duration!r} is no duration: write it like 90s, 5m or 1h30m")
    seconds = sum((float(number) * _SECONDS[unit] for number, unit in parts), 0.0)
    return int(seconds) if seconds.is_integer() else seconds


def _inherited_provider(request: Any, parent: Goal | None) -> str:
    """The parent's provider, if it is one of the resource's own package."""
    if parent is None or not parent.provider:
        return ""
    package = parent.provider.rsplit("::", 2)[0].rsplit(":", 1)[-1]
    local_component = not request.custom and not request.remote
    return parent.provider if local_component or package == request.type.split(":", 1)[0] else ""


def _alias_urns(request: Any, stack: str, project: str, parent_aliases: tuple[str, ...]) -> tuple[str, ...]:
    """All URNs that the resource may have had, its own aliases and its parents' multiplied."""
    found: list[str] = list(request.aliasURNs)
    for alias in request.aliases:
        if alias.WhichOneof("alias") == "urn":
            found.append(alias.urn)
            continue
        spec = alias.spec
        if spec.WhichOneof("parent") == "parentUrn":
            parents = (spec.parentUrn,)
        elif spec.noParent:
            parents = ("",)
        else:
            parents = (request.parent, *parent_aliases)
        found += [
            urn_of(
                spec.stack or stack,
                spec.project or project,
                parent,
                spec.type or request.type,
                spec.name or request.name,
            )
            for parent in parents
        ]
    found += [urn_of(stack, project, parent, request.type, request.name) for parent in parent_aliases]
    return tuple(dict.fromkeys(found))
