"""What the program asks for, one resource at a time, freed from protobuf."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local.engine import wire
from local.engine.errors import UnsupportedError
from local.engine.state import STACK_TYPE
from local.resources.base import Properties


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


def goal_of(request: Any, *, stack: str, project: str, parent_aliases: tuple[str, ...]) -> Goal:
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
    }
    for what, asked in refused.items():
        if asked:
            raise UnsupportedError(
                f"{request.type} {request.name}: the local run does not do {what}; use the Pulumi CLI"
            )
    timeouts = {
        operation: getattr(request.customTimeouts, operation)
        for operation in ("create", "update", "delete", "read")
        if getattr(request.customTimeouts, operation)
    }
    return Goal(
        urn=urn_of(stack, project, request.parent, request.type, request.name),
        type=request.type,
        name=request.name,
        custom=request.custom,
        remote=request.remote,
        inputs=wire.decode(request.object),
        parent=request.parent,
        provider=request.provider,
        protect=request.protect,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            key: sorted(value.urns) for key, value in sorted(request.propertyDependencies.items())
        },
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        aliases=_alias_urns(request, stack, project, parent_aliases),
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        replace_with=tuple(request.replace_with),
        custom_timeouts=timeouts,
        providers=dict(request.providers),
        hooks={
            name: list(getattr(request.hooks, name))
            for name in (
                "before_create",
                "after_create",
                "before_update",
                "after_update",
                "before_delete",
                "after_delete",
            )
            if getattr(request.hooks, name)
        },
    )


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
