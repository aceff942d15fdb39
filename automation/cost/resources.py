"""The resources of a stack, read from Pulumi's state; `plan.py` finds those that the program declares."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import Any, Final, cast

from automation.errors import AutomationError

_EMPTY: Final[Mapping[str, Any]] = {}
_PROVIDER: Final = "pulumi:providers:aws"
_HOW_TO_EXPORT: Final = "`pulumi stack export --file` writes it"


def aws_types(**names_by_module: str) -> list[str]:
    """Return type tokens, such as `aws:iam/role:Role` for `iam="Role"`; names are separated by spaces."""
    return [
        f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"
        for module, names in names_by_module.items()
        for name in names.split()
    ]


def blocks_of(value: object) -> list[Mapping[str, Any]]:
    """Return a list of nested blocks, of which the provider may give a single one without a list."""
    blocks = cast("list[object]", value) if isinstance(value, list) else [value]
    return [cast("Mapping[str, Any]", block) for block in blocks if isinstance(block, Mapping)]


def block_of(outer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a nested block, which the provider may wrap into a list; an empty one if it is missing."""
    return next(iter(blocks_of(outer.get(name))), _EMPTY)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource with its inputs and known outputs."""

    type: str
    name: str
    """Its logical name."""
    properties: Mapping[str, Any]
    """By Pulumi's names, in camelCase. Unknown ones are left out."""

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """Return a list of nested blocks."""
        return blocks_of(self.properties.get(name))

    def block(self, name: str) -> Mapping[str, Any]:
        """Return a nested block; an empty one if it is missing."""
        return block_of(self.properties, name)

    def strings(self, name: str) -> list[str]:
        """Return a list of strings."""
        value = self.properties.get(name)
        return [str(item) for item in cast("list[object]", value)] if isinstance(value, list) else []

    def integer(self, name: str, default: int = 0) -> int:
        """Return an integer, which the provider may keep as text.

        Raises:
            AutomationError: the property is text, and not a number.
        """
        value = self.properties.get(name)
        if not isinstance(value, int | float | str) or value == "":
            return default
        try:
            return int(value)
        except ValueError as error:
            raise AutomationError(f"{self.type} {self.name}: {name} = {value!r} is not an integer") from error


@dataclass(frozen=True)
class Stack:
    """All resources of a stack, deployed or declared."""

    name: str
    region: str
    resources: tuple[Resource, ...] = ()
    monthly_budget_usd: int | None = None
    most_vcpus: float = 0.0
    """Fargate vCPUs that it may need at once; 0 if unknown."""

    def all(self, token: str) -> list[Resource]:
        """Return all resources of a type."""
        return [resource for resource in self.resources if resource.type == token]

    def by_arn(self, arn: object) -> Resource | None:
        """Return the resource with this ARN; None if the stack has none."""
        return self._arns.get(str(arn))

    @cached_property
    def _arns(self) -> Mapping[str, Resource]:
        return {str(arn): resource for resource in self.resources if (arn := resource.properties.get("arn"))}


def read_export(path: Path) -> Stack:
    """Read a file of `pulumi stack export`.

    Raises:
        AutomationError: the file cannot be read, is not an export, or names no region.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AutomationError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise AutomationError(f"{path} is not valid JSON ({error}): {_HOW_TO_EXPORT}") from error
    try:
        # A destroyed stack has no `resources`.
        resources: list[Mapping[str, Any]] = document["deployment"].get("resources") or []
    except (AttributeError, KeyError, TypeError) as error:
        raise AutomationError(f"{path} is not the export of a stack: {_HOW_TO_EXPORT}") from error
    return stack_of(resources, origin=str(path), name=path.stem)


def stack_of(resources: Sequence[Mapping[str, Any]], *, origin: str, name: str) -> Stack:
    """Return the stack with these resources of a state.

    Args:
        resources: in the form of `pulumi stack export`.
        origin: where they were read, for messages.
        name: the stack's name, used if there is no resource.

    Raises:
        AutomationError: a resource has another form, or the AWS providers name no region, or several.
    """
    for state in resources:
        _check(state, origin)
    remaining = [state for state in resources if not state.get("delete")]
    regions = {
        str(region)
        for state in remaining
        if state["type"] == _PROVIDER and (region := (state.get("inputs") or _EMPTY).get("region"))
    }
    if len(regions) > 1 or (not regions and remaining):
        raise AutomationError(
            f"{origin}: its AWS providers name {', '.join(sorted(regions)) or 'no region'}; one is needed"
        )
    # urn:pulumi:STACK::PROJECT::TYPE::NAME
    stack = remaining[0]["urn"].split("::")[0].rpartition(":")[2] if remaining else ""
    return Stack(
        stack or name,
        next(iter(regions), ""),
        tuple(_resource(state) for state in remaining if _is_paid(state)),
    )


def _check(state: object, origin: str) -> None:
    fields = cast("dict[str, object]", state) if isinstance(state, dict) else {}
    for key, kind, noun in (
        ("urn", str, "a string"),
        ("type", str, "a string"),
        ("inputs", (dict, NoneType), "an object"),
        ("outputs", (dict, NoneType), "an object"),
    ):
        if not isinstance(value := fields.get(key), kind):
            raise AutomationError(f"{origin}: a resource has `{key}` {value!r}, which must be {noun}")


def _is_paid(state: Mapping[str, Any]) -> bool:
    # An external resource is only read: another stack pays for it.
    return bool(state.get("custom")) and not state.get("external") and not state["type"].startswith("pulumi:")


def _resource(state: Mapping[str, Any]) -> Resource:
    known = {"id": state.get("id"), **(state.get("inputs") or _EMPTY), **(state.get("outputs") or _EMPTY)}
    return Resource(
        type=state["type"],
        name=state["urn"].rpartition("::")[2],
        properties={key: value for key, value in known.items() if value is not None},
    )
